"""The models of Stein et al. 2019 and our own on one frozen simulation, beside what colour tells.

    python benchmarks/stein2019.py                      # 20,000 samples: 1 to 2 h on two cores
    python benchmarks/stein2019.py -n 2000 --epochs 3   # a quick look; its figures mean nothing

Everything is simulated. Trainings are runs of `xmod train` in --folder and are not repeated; a
killed benchmark goes on where it was. Rows are split at random, as published: 70 % for training,
validation and calibration, 30 % for the test; a second test asks for plates never seen.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from stein2019_floor import noise_free
from stein2019_peers import fit_cnn, fit_features, histogram, mean_rgb, shuffled

from xmodkit import plugins
from xmodkit.conformal import field_quantiles
from xmodkit.pair import Sample
from xmodkit.reading import samples_in_store
from xmodkit.scores import (
    bound_scores,
    pearson_per_channel,
    r2_per_channel,
    scalar_errors,
)
from xmodkit.train import Run
from xmodkit.train.splits import Splits
from xmodkit_uvvis.modalities import ENERGY_EV, GAP_WINDOW_EV
from xmodkit_uvvis.models.images import shrink
from xmodkit_uvvis.report.colour import mean_rgb_baseline
from xmodkit_uvvis.simulator.simulate import SIMULATOR_VERSION

STORE_SEED, PLATES_SEED, FLOOR_SEED, SEED = 2, 4, 5, 0
SHARES = "0.56,0.04,0.1,0.3"
MODELS = ("vae+aspm", "density")
CLAIMED_TO_EV = 2.75  # up to here the paper states R2 > 0.6 and Pearson > 0.75
PAIR = plugins.pair("uvvis")
ROUTE = PAIR.route("scan:absorption")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """Images at 64 x 64, spectra and the samples themselves, of some rows."""

    images: NDArray[np.uint8]
    spectra: Floats
    samples: list[Sample]


@dataclass
class Entry:
    """One line of the table: spectra of the parts, and what there is to say of the model."""

    name: str
    test: Floats
    plates: Floats
    training: Floats | None = None
    bounds: dict[str, float] = field(default_factory=dict)
    parameters: int | None = None
    seconds: float | None = None


def xmod(*arguments: object) -> None:
    """Run a command of xmod; its progress goes to stderr as ever."""
    subprocess.run([sys.executable, "-m", "xmodkit_cli", *map(str, arguments)], check=True)


def simulated(path: Path, n: int, seed: int) -> Path:
    """Return a store of simulated samples, made unless it is there."""
    resume = ["--resume"] if path.exists() else []
    xmod("simulate", "--plugin", "uvvis", "-n", n, "--seed", seed, "--out", path, *resume)
    return path


def load(store: Path) -> Rows:
    """Read a whole store."""
    samples = list(samples_in_store(store, PAIR, ROUTE, every_modality=True))
    images = np.stack([shrink(s).transpose(2, 0, 1) for s in samples])
    return Rows(images, np.stack([s.arrays["absorption"]["absorption"] for s in samples]), samples)


def part(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    """Return some rows."""
    return Rows(rows.images[chosen], rows.spectra[chosen], [rows.samples[i] for i in chosen])


def trained(folder: Path, store: Path, model: str, epochs: int | None) -> Run:
    """Train a model on the benchmark's split, unless that was done, and return its run."""
    out = folder / model
    split = ["--split", folder / MODELS[0] / "split.csv"]
    if model == MODELS[0]:
        split = ["--split-by", "sample", "--fractions", SHARES]
    more = ["--epochs", epochs] if epochs else []
    resume = ["--resume"] if out.exists() else []
    xmod("train", "--plugin", "uvvis", store, "--model", model, "--seed", SEED, "--out", out,
         *split, *more, *resume)  # fmt: skip
    return Run.load(out, PAIR)


@torch.no_grad()
def spectra_of(run: Run, samples: list[Sample]) -> Floats:
    """Return a run's spectra of raw samples, whatever their sizes."""
    graph = run.model.graph(ROUTE.name).eval()
    found = np.empty((len(samples), len(ENERGY_EV)), np.float32)
    shapes = np.array([s.arrays["scan"]["scan"].shape[0] for s in samples])
    for size in np.unique(shapes):
        same = np.flatnonzero(shapes == size)
        for rows in np.array_split(same, len(same) // 64 + 1):
            scans = np.stack([samples[i].arrays["scan"]["scan"] for i in rows])
            found[rows] = graph(torch.from_numpy(scans))["absorption"].numpy()
    return found


def model_entry(run: Run, name: str, train: Rows, test: Rows, plates: Rows) -> Entry:
    """Return the line of a trained model: its own bounds, parameters and time."""
    with (run.folder / "losses.csv").open() as file:
        seconds = sum(float(row["seconds"]) for row in csv.DictReader(file))
    spectrum, gap = run.metrics["absorption"], run.metrics["band_gap"]
    return Entry(
        name,
        *(spectra_of(run, rows.samples) for rows in (test, plates, train)),
        bounds={
            "coverage": spectrum["coverage"],
            "width": spectrum["relative_width"],
            "gap coverage": gap["coverage"],
            "gap width": gap["relative_width"],
        },
        parameters=sum(run.settings["parameters"].values()),
        seconds=seconds,
    )


def peer_entry(
    name: str,
    fit: Callable[[], Callable[[Rows], Floats]],
    parts: dict[str, Rows],
) -> Entry:
    """Return the line of a peer, with bounds of one width at each energy."""
    started = time.perf_counter()
    predict = fit()
    seconds = time.perf_counter() - started
    held, test = parts["calibration"], parts["test"]
    value, order = predict(test), np.arange(len(test.images))
    below, above = field_quantiles(held.spectra, predict(held), np.ones_like(held.spectra), 0.9)
    bounds = bound_scores(
        test.spectra, value - below, value + above, order, parts["train"].spectra, 0.9
    )
    print(f"{name}: fitted in {seconds:.0f} s", file=sys.stderr)
    return Entry(
        name,
        value,
        predict(parts["plates"]),
        predict(parts["train"]),
        {"coverage": bounds["coverage"], "width": bounds["relative_width"]},
        seconds=seconds,
    )


def peers(parts: dict[str, Rows], epochs: int | None) -> list[Entry]:
    """Fit every peer on the same rows."""
    train, held = parts["train"], parts["validation"]
    own = {"epochs": epochs} if epochs else {}

    def features(of: Callable[[NDArray[np.uint8]], Floats]) -> Callable[[Rows], Floats]:
        known = of(train.images), train.spectra, (of(held.images), held.spectra)
        predict = fit_features(*known, SEED, **own)
        return lambda rows: predict(of(rows.images))

    def cnn(of: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Callable[[Rows], Floats]:
        known = of(train.images), train.spectra, (of(held.images), held.spectra)
        predict = fit_cnn(*known, SEED, **own)
        return lambda rows: predict(of(rows.images))

    mean = train.spectra.mean(axis=0)
    return [
        peer_entry("training mean", lambda: lambda r: np.tile(mean, (len(r.images), 1)), parts),
        peer_entry(
            "mean RGB, quadratic ridge",
            lambda: lambda rows: mean_rgb_baseline(train.samples, rows.samples),
            parts,
        ),
        peer_entry("mean RGB, ensemble", lambda: features(mean_rgb), parts),
        peer_entry("colour histogram, ensemble", lambda: features(histogram), parts),
        peer_entry("shuffled pixels, CNN", lambda: cnn(lambda i: shuffled(i, SEED)), parts),
        peer_entry("small CNN", lambda: cnn(lambda i: i), parts),
    ]


def floors(n: int, seeds: tuple[int, int], rows: NDArray[np.int64], total: int) -> list[Entry]:
    """Return what the drop's noise-free colours tell, learned from `n` further samples."""
    beam, drop, spectra = noise_free(n, FLOOR_SEED)
    asked = [noise_free(total, seeds[0]), noise_free(total // 5, seeds[1])]
    held = slice(0, n // 20)
    entries = []
    for name, known, which in (
        ("floor: equal mean RGB", beam, 0),
        ("floor: equal RGB throughout", drop, 1),
    ):
        predict = fit_features(
            known[held.stop :], spectra[held.stop :], (known[held], spectra[held]), SEED
        )
        entries.append(Entry(name, predict(asked[0][which][rows]), predict(asked[1][which])))
    return entries


def gap(spectra: Floats) -> Floats:
    """Return direct band gaps in eV, NaN where there is none in the window."""
    return PAIR.derive({"absorption": spectra}, ROUTE)["band_gap"].value


def figures(entry: Entry, parts: dict[str, Rows]) -> dict[str, float | None]:
    """Return every number of a line."""
    test, plates = parts["test"].spectra, parts["plates"].spectra
    claimed = ENERGY_EV <= CLAIMED_TO_EV
    r2, pearson = r2_per_channel(test, entry.test), pearson_per_channel(test, entry.test)
    errors = scalar_errors(gap(test), gap(entry.test), GAP_WINDOW_EV)
    fresh = scalar_errors(gap(plates), gap(entry.plates), GAP_WINDOW_EV)
    training = None
    if entry.training is not None:
        training = float(r2_per_channel(parts["train"].spectra, entry.training).mean())
    return {
        "R2 mean": float(r2.mean()),
        "R2 min to 2.75 eV": float(r2[claimed].min()),
        "Pearson min to 2.75 eV": float(np.nan_to_num(pearson[claimed]).min()),
        **{
            f"gap {name} meV": errors[key] * 1e3 if key in errors else None
            for name, key in (
                ("MAE", "mae"),
                ("RMSE", "rmse"),
                ("mean", "mean_error"),
                ("median", "median_error"),
            )
        },
        "coverage": entry.bounds.get("coverage"),
        "relative width": entry.bounds.get("width"),
        "gap coverage": entry.bounds.get("gap coverage"),
        "gap relative width": entry.bounds.get("gap width"),
        "parameters": entry.parameters,
        "training min": None if entry.seconds is None else entry.seconds / 60,
        "R2 of training rows": training,
        "R2 new plates": float(r2_per_channel(plates, entry.plates).mean()),
        "gap MAE new plates meV": fresh["mae"] * 1e3 if "mae" in fresh else None,
    }


PUBLISHED = {
    "R2 min to 2.75 eV": 0.6,
    "Pearson min to 2.75 eV": 0.75,
    "gap MAE meV": 180,
    "gap RMSE meV": 261,
    "gap mean meV": -10,
    "gap median meV": 8.8,
}


def closed(scores: dict[str, dict[str, float | None]]) -> dict[str, float]:
    """Return the share of the way from the best colour-only model to the floor that ours goes."""
    colour = [name for name in scores if name.startswith(("mean RGB", "colour", "shuffled"))]
    shares = {}
    for key, better in (("R2 mean", max), ("gap MAE meV", min)):
        best = better(scores[name][key] for name in colour)
        floor, ours = scores["floor: equal RGB throughout"][key], scores[MODELS[-1]][key]
        shares[key] = (ours - best) / (floor - best)
    return shares


def table(scores: dict[str, dict[str, float | None]]) -> str:
    """Return all lines as a Markdown table, models as columns."""
    columns = {"published (real scans)": PUBLISHED, **scores}
    keys = list(next(iter(scores.values())))
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for key in keys:
        cells = [_cell(key, line.get(key)) for line in columns.values()]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return ""
    places = 0 if key.endswith("meV") or key == "parameters" else 1 if key == "training min" else 3
    return f"{value:,.{places}f}"


def draw(entries: list[Entry], truth: Floats, path: Path) -> None:
    """Draw R2 per energy of every model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(ENERGY_EV[0], 1.77, color="0.93", zorder=0)
    axes.text(1.54, 0.03, "no RGB sensor sees here", color="0.45", ha="center", fontsize=8)
    axes.plot([ENERGY_EV[0], CLAIMED_TO_EV], [0.6, 0.6], color="0.4", ls=":", label="paper: above")
    for number, entry in enumerate(entries):
        curve = r2_per_channel(truth, entry.test)
        strong = entry.name in MODELS
        style = "--" if entry.name.startswith("floor") else "-"
        axes.plot(ENERGY_EV, curve, style, color=f"C{number}", lw=2.2 if strong else 1.1,
                  label=entry.name)  # fmt: skip
    axes.set(xlabel="energy (eV)", ylabel="R2 of the test rows", ylim=(0, 1))
    axes.set_title("simulated samples", loc="left", fontsize=9)
    axes.margins(x=0)
    figure.legend(loc="outside right", fontsize=8, frameon=False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Simulate, train, fit the peers, and write table.md, scores.json and r2.png."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", type=int, default=20_000, help="samples")
    parser.add_argument("--epochs", type=int, help="of every training; each its own by default")
    parser.add_argument("--folder", type=Path, default=Path("stein2019"))
    arguments = parser.parse_args()
    n, folder = arguments.n, arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    store = simulated(folder / "samples.zarr", n, STORE_SEED)
    plates = simulated(folder / "plates.zarr", n // 5, PLATES_SEED)
    runs = {name: trained(folder, store, name, arguments.epochs) for name in MODELS}
    split = Splits.load(folder / MODELS[0] / "split.csv")
    rows = load(store)
    parts = {name: part(rows, split[name]) for name in ("train", "validation", "calibration")}
    parts |= {"test": part(rows, split["test"]), "plates": load(plates)}
    entries = peers(parts, arguments.epochs)
    seen = parts["train"], parts["test"], parts["plates"]
    entries += [model_entry(run, name, *seen) for name, run in runs.items()]
    entries += floors(2 * n, (STORE_SEED, PLATES_SEED), split["test"], n)
    scores = {entry.name: figures(entry, parts) for entry in entries}
    text = table(scores)
    print(f"{n} simulated samples (simulator {SIMULATOR_VERSION}, seed {STORE_SEED}); "
          + ", ".join(f"{len(chosen.images)} {name}" for name, chosen in parts.items())
          + f"; training seed {SEED}, new plates: seed {PLATES_SEED}\n\n{text}\n")  # fmt: skip
    shares = closed(scores)
    for key, share in shares.items():
        print(f"{key}: {MODELS[-1]} closes {share:.0%} of the way from colour alone to the floor")
    (folder / "table.md").write_text(text + "\n")
    found = {"scores": scores, "closed": shares}
    (folder / "scores.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(entries, parts["test"].spectra, folder / "r2.png")


if __name__ == "__main__":
    main()
