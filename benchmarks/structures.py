"""Time a structure's spectrum from its model file, from torch eager, and from a descriptor alone.

    python benchmarks/structures.py                        # shipped files of S and Cu
    python benchmarks/structures.py --model my.onnx -n 128

The eager contestant is the architecture `site` as `xmod train` makes it, bounds and novelty
included: weights are drawn at random, which is no matter for its speed. The descriptors (dscribe)
are what a kernel or a network elsewhere would start from: ACSF and SOAP, how many numbers is
printed (our networks make 512 invariants), with no model after them. Clusters are those of the
published sets beside the repository where they are present, else drawn at random. Rounds are
interleaved; read the ratios, not the rates. `infer` is the whole command: files in, a store out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from xmodkit import plugins
from xmodkit.batching import padded
from xmodkit.inputs import find_inputs
from xmodkit.job import Job, default_threads
from xmodkit.modality import Array
from xmodkit.output import OutputPaths
from xmodkit.pair import Sample
from xmodkit.pipeline import run
from xmodkit.predictor import ModelPredictor
from xmodkit.structures.elements import symbol
from xmodkit.train.graph import CalibratedGraph
from xmodkit_xes.models.site import Site
from xmodkit_xes.reading.clusters import clusters
from xmodkit_xes.reading.published import read_set

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "plugins" / "xmodkit_xes" / "weights"
SHIPPED = (WEIGHTS / "structure-xes-S.onnx", WEIGHTS / "structure-xanes-Cu.onnx")
SETS = {"S": ("s_xes_xanes", 1), "Cu": ("omnixas_cu", 7)}  # of crystals every seventh: no two alike
ABSORBERS = {"S": 16, "Cu": 29}
BATCHES = (64, 1)
CUTOFF_A = 5.0

Cluster = dict[str, Array]
Contestant = Callable[[], object]


def drawn(element: str, n: int) -> list[Cluster]:
    """Return molecules of 4 to 24 atoms, or clusters of a crystal of about 90, at random."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        count = int(rng.integers(4, 25)) if element == "S" else int(rng.integers(50, 120))
        radius = 6.0 * np.sort(rng.random(count)) ** (1 / 3)
        direction = rng.normal(size=(count, 3))
        places = radius[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)
        places[0] = 0
        others = rng.choice([1, 6, 8] if element == "S" else [8, 16, 29], count - 1)
        numbers = np.array([ABSORBERS[element], *others], np.int32)
        found.append({"numbers": numbers, "positions": places.astype(np.float32)})
    return found


def gathered(element: str, n: int) -> tuple[list[Cluster], str]:
    """Return clusters, and where they are from."""
    name, step = SETS[element]
    path = ROOT.parent / "shared" / "data" / name / "data.npz"
    if not path.is_file():
        return drawn(element, n), "drawn at random"
    rows = (row for row in islice(read_set(path), 0, None, step) if isinstance(row, Sample))
    found = [clusters(row.arrays["structure"])[0] for row in islice(rows, n)]
    return found, name


def eager(predictor: ModelPredictor, element: str) -> torch.nn.Module:
    """Return the graph of a model file's architecture in torch."""
    kind = predictor.route.target
    energies = predictor.outputs[0].axes[0].coordinates
    model = Site({kind: energies or ()}, element)
    points = np.ones(len(energies or ()), np.float32)
    graph = model.graph(predictor.route.name)
    quantiles = {kind: (points, points)}
    return CalibratedGraph(graph, predictor.route, [kind], quantiles, 1.0).eval()


def batches(found: Sequence[Cluster], size: int) -> Iterator[dict[str, Array]]:
    """Yield clusters padded to batches, as `infer` does it."""
    fields = plugins.pair("xes").encoded(plugins.pair("xes").route("structure:xes"))
    for start in range(0, len(found), size):
        some = found[start : start + size]
        yield {f.name: padded(f, [row[f.name] for row in some]) for f in fields}


def descriptors(found: Sequence[Cluster]) -> dict[str, Contestant]:
    """Return what computes dscribe's descriptors of the absorbers; empty where it is absent."""
    try:
        from ase import Atoms
        from dscribe.descriptors import ACSF, SOAP
    except ImportError:
        print("dscribe is not installed: no descriptors beside ours")
        return {}
    species = sorted({symbol(int(z)) for row in found for z in row["numbers"]})
    atoms = [Atoms(row["numbers"], row["positions"].astype(float)) for row in found]
    g2 = [[eta, shift] for eta in (1.0, 4.0) for shift in (1.5, 2.5, 3.5, 4.5)]
    made = {
        "ACSF": ACSF(r_cut=CUTOFF_A, g2_params=g2, species=species),
        "SOAP": SOAP(r_cut=CUTOFF_A, n_max=3, l_max=3, species=species),
    }
    return {
        f"dscribe {name}, {one.get_number_of_features():,} numbers": (
            lambda one=one: [one.create(each, centers=[0]) for each in atoms]
        )
        for name, one in made.items()
    }


def contestants(
    file: Path, element: str, found: Sequence[Cluster], size: int
) -> dict[str, Contestant]:
    """Return what is timed over all clusters at one batch size."""
    one, many = (ModelPredictor(file, "cpu", threads=threads) for threads in (1, None))
    graph = eager(one, element)
    feeds = list(batches(found, size))
    tensors = [tuple(map(torch.from_numpy, feed.values())) for feed in feeds]

    @torch.inference_mode()
    def in_torch() -> object:
        return [graph(*given) for given in tensors]

    return {
        "torch eager, 1 thread": in_torch,
        "model file, 1 thread": lambda: [one.run_raw(feed) for feed in feeds],
        "model file, default threads": lambda: [many.run_raw(feed) for feed in feeds],
    }


def infer(file: Path, paths: Sequence[Path], out: Path) -> int:
    """Run the pipeline that `xmod infer` runs, without pictures; return how many came out."""
    pair = plugins.pair("xes")
    predictor = ModelPredictor(file, "cpu")
    pair = pair.configured({}, predictor)
    target = OutputPaths.at(out)
    target.prepare(resume=False, overwrite=True)
    return run(
        Job(
            pair=pair,
            route=predictor.route,
            predictor=predictor,
            inputs=find_inputs(paths, pair.suffixes_of(predictor.route)),
            paths=target,
            model="benchmark",
            pictures=0,
            threads=default_threads(),
        )
    ).out


def written(found: Sequence[Cluster], folder: Path) -> list[Path]:
    """Write each cluster as an xyz file of its own, as if it were a molecule."""
    paths = []
    for i, row in enumerate(found):
        lines = [
            f"{symbol(int(z))} {x:.5f} {y:.5f} {w:.5f}"
            for z, (x, y, w) in zip(row["numbers"], row["positions"], strict=True)
        ]
        path = folder / f"{i:05d}.xyz"
        path.write_text("\n".join([str(len(lines)), "", *lines, ""]))
        paths.append(path)
    return paths


def timed(given: dict[str, Contestant], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, in interleaved rounds; the first warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in given}
    for number in range(rounds + 1):
        for name, contestant in given.items():
            started = time.perf_counter()
            contestant()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in seconds.items()}


def show(file: Path, n: int, rounds: int) -> None:
    """Print the rates of one model file."""
    element = ModelPredictor(file, "cpu").metadata.condition["absorber"]
    found, origin = gathered(element, n)
    sizes = [len(row["numbers"]) for row in found]
    print(f"\n{file.name}: {len(found)} clusters ({origin}), {np.mean(sizes):.0f} atoms on average")
    for size in BATCHES:
        given = contestants(file, element, found, size)
        given |= descriptors(found) if size == BATCHES[0] else {}
        base = "torch eager, 1 thread"
        medians = timed(given, rounds)
        print(f"batch of {size}")
        for name, seconds in medians.items():
            rate, ratio = len(found) / seconds, medians[base] / seconds
            print(f"  {name:<32} {rate:9,.0f}/s {ratio:6.2f} x eager")
    folder = Path(tempfile.mkdtemp())
    try:
        paths = written(found, folder)
        (seconds,) = timed({"": lambda: infer(file, paths, folder / "a.zarr")}, 1).values()
        print(
            f"  infer, files to store: {len(paths) / seconds:,.0f} files/s, one site or more each"
        )
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Time each model file that there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, action="append", help="in place of the shipped files")
    parser.add_argument("-n", type=int, default=256, help="clusters")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for file in given.model or [path for path in SHIPPED if path.is_file()]:
        show(file, given.n, given.rounds)


if __name__ == "__main__":
    main()
