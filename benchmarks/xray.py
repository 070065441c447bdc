"""Spectra of sulfur molecules and copper crystals: cross-validated, through exported files.

    python benchmarks/xray.py s                  # S XES and XANES, 5 folds by molecule
    python benchmarks/xray.py cu                 # Cu XANES, 5 folds by formula
    python benchmarks/xray.py cu --by system     # 5 folds by chemical system
    python benchmarks/xray.py s --out runs/      # keep the trainings; a second call resumes them

Reads the sets `s_xes_xanes` and `omnixas_cu` from ../shared/data (or --data). Spectra are
calculated (TDDFT, FEFF), none is measured, and the sulfur geometries are force-field conformers,
not those of the calculation. Each fold's model is exported and predicts, through ONNX Runtime, the
rows it was trained without. R2 is pooled: 1 - SSE / SST over all rows and energies. Its 95 %
interval, and that of the gain over the best peer, are bootstraps over the groups.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import Tensor, nn

from xmodkit import plugins
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.reading import samples_in_store
from xmodkit.structures.periodic_table import groups as periodic_groups
from xmodkit.train.architecture import Architecture
from xmodkit.train.inference import run_samples
from xmodkit_exporters.onnx import to_onnx

NAMES = Path(__file__).parents[1] / "plugins/xmodkit_xes/weights/sulfur.csv"

# Per set: its folder, how it is ingested, and what is predicted.
SETS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "s": (
        "s_xes_xanes",
        ("--conformers", "5", "--smiles", str(NAMES)),
        ("structure:xes", "structure:xanes"),
    ),
    "cu": ("omnixas_cu", (), ("structure:xanes",)),
}
FOLDS, SEED, DRAWS = 5, 0, 2000
SHELLS_A = np.arange(1.0, 5.01, 0.2)
Floats = NDArray[np.float64]


def xmod(*arguments: str) -> None:
    """Run a command as users type it."""
    print("xmod", *arguments, file=sys.stderr)
    # What it prints is not the result.
    command = [sys.executable, "-m", "xmodkit_cli", *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr)


def main() -> None:
    """Train, predict out of fold through exported files, and print scores beside their floors."""
    arguments = parsed()
    folder, ingesting, names = SETS[arguments.set]
    with tempfile.TemporaryDirectory() as scratch:
        out = arguments.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        store, run = out / f"{arguments.set}.zarr", out / f"{arguments.set}-by-{arguments.by}"
        if not store.exists():
            data = str(arguments.data / folder / "data.npz")
            xmod("ingest", "--plugin", "xes", data, *ingesting, "--out", str(store))
        xmod("train", "--plugin", "xes", str(store), "--model", "site", "--route", names[0],
             "--folds", str(FOLDS), "--seed", str(SEED), "--split-by", arguments.by,
             "--out", str(run), "--resume")  # fmt: skip
        for name in names:
            report(run, store, plugins.pair("xes").route(name), arguments)


def parsed() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--by", choices=("unit", "system"), default="unit")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def report(run: Path, store: Path, route: Route, arguments: argparse.Namespace) -> None:
    """Print the scores of one route."""
    pair = plugins.pair("xes")
    samples = list(samples_in_store(store, pair, route, every_modality=True))
    truth = np.stack([s.arrays[route.target][route.target] for s in samples]).astype(float)
    with (run / "split.csv").open(newline="") as file:
        dealt = {row["sample_id"]: int(row["fold"]) for row in csv.DictReader(file)}
    fold = np.array([dealt[sample.id] for sample in samples])
    units = np.array([sample.groups[arguments.by] for sample in samples])
    found = {"site (exported)": predicted(run, store, pair, route, samples, fold)}
    described = np.stack([radial(pair.encode(s, route, {})[0]) for s in samples])
    # Clipped: z-scores of rare elements' shells would lie hundreds of deviations away.
    clip = FunctionTransformer(np.clip, kw_args={"a_min": -3.5, "a_max": 3.5})
    ridge = make_pipeline(StandardScaler(), clip, RidgeCV(np.logspace(0, 5, 11)))
    peers = {"radial + ridge": ridge, "5 nearest neighbours": KNeighborsRegressor(5)}
    found |= {name: out_of_fold(fit, described, truth, fold) for name, fit in peers.items()}
    found["training mean"] = out_of_fold(None, described, truth, fold)
    print(f"\n{arguments.set} {route.name}: {len(samples)} rows, {FOLDS} folds by {arguments.by}, "
          f"seed {SEED}; calculated spectra")  # fmt: skip
    errors = {name: ((truth - value) ** 2).sum(axis=1) for name, value in found.items()}
    total = ((truth - truth.mean(axis=0)) ** 2).sum(axis=1)
    given = np.array([s.metadata.get("structure", "given") == "given" for s in samples])
    low, high = bootstrap(lambda w: 1 - (errors["site (exported)"] @ w) / (total @ w), units)
    for name, error in errors.items():
        interval = f"  95 % {low:.3f} to {high:.3f}" if name.startswith("site") else ""
        print(f"  {name:22s} R2 {1 - error.sum() / total.sum():.3f}{interval}")
    if not given.all():
        share = 1 - errors["site (exported)"][given].sum() / total[given].sum()
        print(f"  of these the {given.sum()} rows with a structure of the set: R2 {share:.3f}")
    best = min(peers, key=lambda name: float(errors[name].sum()))
    gain = bootstrap(
        lambda w: ((errors[best] - errors["site (exported)"]) @ w) / (total @ w), units
    )
    print(f"  gain over {best}: 95 % {gain[0]:.3f} to {gain[1]:.3f}")
    print(f"  bounds: {coverage(run, route)}")


def predicted(
    run: Path,
    store: Path,
    pair: ModalityPair,
    route: Route,
    samples: Sequence[Sample],
    fold: NDArray[np.int64],
) -> Floats:
    """Return each row's spectrum from the exported file of the model trained without it."""
    first = pair.route(json.loads((run / "run.json").read_text())["route"])
    kind = Architecture.of_store(pair, "site", store, first, {})
    out: Floats = np.full(
        (len(samples), len(samples[0].arrays[route.target][route.target])), np.nan
    )
    for number in np.unique(fold):
        model = kind.make(SEED)
        weights = run / "folds" / str(number) / "weights.safetensors"
        model.networks.load_state_dict(load_file(weights))
        model.networks.eval()
        held = np.flatnonzero(fold == number)
        rows = [samples[i] for i in held]
        graph = in_onnxruntime(model.graph(route.name), pair, route, rows[0])
        out[held] = run_samples(graph, pair, route, rows, {})[route.target]
    return out


def in_onnxruntime(
    module: nn.Module, pair: ModalityPair, route: Route, like: Sample
) -> Callable[..., Mapping[str, Tensor]]:
    """Export a graph and return its file's session as a function of tensors."""
    fields = pair.encoded(route)
    row = pair.encode(like, route, {})[0]
    example = {name: array[None] for name, array in row.items()}
    data = to_onnx(module, fields, [route.target], example)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])

    def call(*tensors: Tensor) -> Mapping[str, Tensor]:
        feeds = {f.name: tensor.numpy() for f, tensor in zip(fields, tensors, strict=True)}
        return {route.target: torch.from_numpy(session.run([route.target], feeds)[0])}

    return call


def radial(row: Mapping[str, NDArray[np.generic]]) -> Floats:
    """Return counts of the elements' groups in shells about the absorber, smoothed."""
    distance = np.linalg.norm(row["positions"][1:], axis=1)
    shells = np.exp(-0.5 * ((distance[:, None] - SHELLS_A) / 0.2) ** 2)  # (A, shells)
    group = periodic_groups()[row["numbers"][1:].astype(int)].astype(int)
    return np.sqrt(np.eye(19)[group].T @ shells).ravel()


def out_of_fold(
    fit: RidgeCV | KNeighborsRegressor | None, x: Floats, y: Floats, fold: NDArray[np.int64]
) -> Floats:
    """Return predictions of a peer for each fold from the others; without one, their mean."""
    out = np.empty_like(y)
    for number in np.unique(fold):
        held = fold == number
        if fit is None:
            out[held] = y[~held].mean(axis=0)
        else:
            out[held] = fit.fit(x[~held], y[~held]).predict(x[held])
    return out


def bootstrap(statistic: Callable[[Floats], float], units: NDArray[np.str_]) -> tuple[float, float]:
    """Return the central 95 % of a statistic of row weights, whole units drawn anew."""
    _, unit = np.unique(units, return_inverse=True)
    rng = np.random.default_rng(SEED)
    count = int(unit.max()) + 1
    drawn = [rng.multinomial(count, np.full(count, 1 / count))[unit] for _ in range(DRAWS)]
    low, high = np.quantile([statistic(weight.astype(float)) for weight in drawn], (0.025, 0.975))
    return float(low), float(high)


def coverage(run: Path, route: Route) -> str:
    """Return what the run's metrics say of bounds: each fold judged by those of the others."""
    place = run / "routes" / route.name.replace(":", "-")
    scores = json.loads(((place if place.is_dir() else run) / "metrics.json").read_text())
    field = scores[route.target]
    return (
        f"coverage {field['coverage']:.3f} of .90, "
        f"worst energy {field['coverage_worst_channel']:.3f}, "
        f"width {field['relative_width']:.2f} of the unconditional one"
    )


if __name__ == "__main__":
    main()
