"""iMatGen (Noh et al. 2019) and our own model of crystals, beside what needs no network.

    python benchmarks/imatgen.py --data ../shared/data --run RUN --figures figures
    python benchmarks/imatgen.py --sections reconstruct --n 1000 --epochs 5
    python benchmarks/imatgen.py --sections generate stability --run RUN --files FOLDER

Sections: the way from images back to crystals (inverse), crystals through the latent and back
(reconstruct), new crystals of V and O (generate), energies of formation (stability), learning
from other crystals first (pretrain), and the paper's figures. Crystals, trainings and scores are
kept in --work and not made again; a killed benchmark goes on where it was, within an epoch.

--run, --files and --model-dir all name folders of finished models: runs of `xmod train`, or
exported files (crystal-latent.onnx, latent-crystal.onnx); those that are shipped are found by
themselves. With a run, rows are split as it was, and no other model sees its test rows; finished
models of another split are not scored on rows.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

import torch
from imatgen_data import Crystals
from imatgen_methods import Bench

import xmodkit_crystal

SECTIONS = ("inverse", "reconstruct", "generate", "stability", "pretrain", "figures")


def main() -> None:
    """Run the sections that are asked for; print their tables and keep them."""
    options = _options()
    torch.set_num_threads(options.threads)
    bench = _bench(options)
    folder = options.work / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for section in SECTIONS:
        if section not in options.sections:
            continue
        text = f"## {section}\n\n{_section(section, options)(bench)}\n"
        print(f"\n{text}", flush=True)
        (folder / f"{section}.md").write_text(text)
        held = [folder / f"{name}.md" for name in SECTIONS]
        texts = [path.read_text() for path in held if path.exists()]
        (options.work / "tables.md").write_text("\n".join(texts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"),
                        help="with perov_5/structures.csv.gz, omnixas_cu/poscar.zip")  # fmt: skip
    parser.add_argument("--work", type=Path, default=Path("imatgen"), help="what is kept")
    parser.add_argument("--n", type=int, default=1000,
                        help="crystals to train on (40 or more), latents of each kind")  # fmt: skip
    parser.add_argument("--test", type=int, default=300, help="rows of each set to rebuild")
    parser.add_argument("--ranked", type=int, default=2000, help="rows that stability ranks")
    parser.add_argument("--compared", type=int, default=300,
                        help="generated crystals whose novelty is told")  # fmt: skip
    parser.add_argument("--cells", type=int, default=200, help="random cells of `inverse`")
    parser.add_argument("--vo", type=int, default=2000, help="simulated crystals of V and O")
    parser.add_argument("--vo-seed", type=int, default=11)
    parser.add_argument("--seed", type=int, default=0, help="of splits, trainings and latents")
    parser.add_argument("--epochs", type=int, default=5, help="of the published image networks")
    parser.add_argument("--minutes", type=float,
                        help="CPU time of our training; else as the published one's")  # fmt: skip
    parser.add_argument("--run", "--files", "--model-dir", dest="models", type=Path,
                        action="append", default=[], help="runs, exported files")  # fmt: skip
    parser.add_argument("--split", type=Path, help="split.csv of a run; else that of --run")
    parser.add_argument("--finished-only", action="store_true",
                        help="train nothing: only --run, --files and what is shipped")  # fmt: skip
    parser.add_argument("--figures", type=Path, help="folder to draw figures into")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def _bench(options: argparse.Namespace) -> Bench:
    shipped = Path(xmodkit_crystal.__file__).parent / "weights"
    models = list(options.models)
    if (shipped / "latent-crystal.onnx").exists():
        models.append(shipped)
    runs = [folder for folder in models if (folder / "run.json").exists()]
    split = options.split or (runs[0] / "split.csv" if runs else None)
    sets = Crystals(options.data, options.work, options.seed, split, options.vo, options.vo_seed)
    return Bench(
        sets=sets,
        work=options.work,
        n=options.n,
        test=options.test,
        ranked=options.ranked,
        compared=options.compared,
        seed=options.seed,
        epochs=options.epochs,
        minutes=options.minutes,
        models=tuple(models),
        training=not options.finished_only,
    )


def _section(name: str, options: argparse.Namespace) -> Callable[[Bench], str]:
    """Return what makes the tables of a section; its libraries are not asked for before."""
    part = importlib.import_module(f"imatgen_{name}")
    if name == "inverse":
        return lambda _: part.inverse_tables(options.cells, options.seed)
    if name == "figures":
        return lambda bench: part.draw(bench, options.figures or options.work / "figures")
    return getattr(part, name)


if __name__ == "__main__":
    main()
