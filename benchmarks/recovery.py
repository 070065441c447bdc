"""From a water spectrum with noise and an axis error back to its geometry: fit against regression.

    python benchmarks/recovery.py                 # XES and XAS, 600 test rows each
    python benchmarks/recovery.py -n 1828 --json recovery.json
    python benchmarks/recovery.py --weights runs  # latent-xes-O.onnx, latent-xas-O.onnx in there

The fit runs `InversePredictor` on the shipped decoders, as at an instrument and without torch. They
learned from 60 % of ../shared/data/h2o and were calibrated on 10 %; test rows are the other 30 %.
The split is dealt again here (SEED, FRACTIONS: as in weights/make.sh) and its SHA-256 compared with
the one inside each file: a file that was made with any other split is refused.

A test spectrum is moved by an axis error drawn from a normal distribution of sd 0.3 eV and gets
independent normal noise whose sd is 1 % of its own maximum; no method is told either. "fit, units
known" is told scale, broadening and background, which the regression knows too: its spectra come
in the training set's units. A fit answers with its most probable minimum; "mean of minima" weighs
them all by their shares of the posterior: the better guess by squared error, and no structure
where two count. The regression (mean of three networks of 2 x 256, SiLU) goes from spectrum to bond
sum, |difference| and angle; it learns from all 70 % with fresh noise and axis errors in each
batch. "prior" predicts the training mean. Errors are over all rows, whatever was declared not
fixed; "not fixed" is the share of spectra for which the fit declares so, and coverage that of its
90 % bounds over the others. Intervals of the differences are paired bootstraps over test rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit.content import content_hash
from xmodkit.errors import DataError
from xmodkit.modelfile import read_model_file
from xmodkit.pair import Route, Sample
from xmodkit.prediction import Prediction
from xmodkit.predictor import ModelPredictor
from xmodkit.train.splits import PARTS, Splits, split_by_group
from xmodkit_xes.inverse import InversePredictor, encode_curve
from xmodkit_xes.inverse.calibrate import disturbed
from xmodkit_xes.inverse.distortion import Distortion
from xmodkit_xes.reading.published import read_set

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared/data/h2o/data.npz"
WEIGHTS = ROOT / "plugins/xmodkit_xes/weights"
SEED, FRACTIONS = 1, (0.58, 0.02, 0.10, 0.30)
NOISE, SHIFT_EV = 0.01, 0.3
MEMBERS = 3  # of the regression
PARAMETERS = ("bond_sum", "bond_difference", "angle")
AIM = {
    "xes": {"bond_sum": 0.025, "angle": 2.0},
    "xas": {"bond_sum": 0.010, "bond_difference": 0.012, "angle": 1.6},
}
# What the regression's spectra have in common with the training set's, so need not be fitted.
UNITS_KNOWN = "scale,broadening,background"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """The water molecules: spectra (N, E) by kind, energies, truths (N, 3), and the split."""

    spectra: Mapping[str, Floats]
    energies: Mapping[str, Floats]
    truth: Floats
    split: Splits

    @classmethod
    def read(cls) -> Rows:
        """Read the shared set and deal its split."""
        samples = [sample for sample in read_set(DATA) if isinstance(sample, Sample)]
        bonds = np.array([[s.metadata["r1"], s.metadata["r2"]] for s in samples])
        angle = [s.metadata["angle_deg"] for s in samples]
        truth = np.column_stack([bonds.sum(axis=1), np.abs(np.diff(bonds, axis=1)[:, 0]), angle])
        split = split_by_group(
            [s.id for s in samples],
            [s.groups["unit"] for s in samples],
            SEED,
            dict(zip(PARTS, FRACTIONS, strict=True)),
            [content_hash(s) for s in samples],
        )
        kinds = ("xes", "xas")
        spectra = {k: np.stack([s.arrays[k][k] for s in samples]).astype(float) for k in kinds}
        energies = {k: np.array(samples[0].coordinates[f"{k}_energy"]) for k in kinds}
        return cls(spectra, energies, truth, split)

    @property
    def training(self) -> NDArray[np.int64]:
        """All rows but the test rows."""
        return np.concatenate([self.split[part] for part in PARTS[:-1]])

    def check(self, path: Path) -> None:
        """Raise `DataError` if a file was made with another split: it may know the test rows."""
        made = read_model_file(path).metadata.training["split"]["hash"]
        if made != self.split.hash:
            raise DataError(
                f"{path}: made with split {made[:16]}, {self.split.hash[:16]} expected; train it "
                f"with --seed {SEED} --fractions {','.join(map(str, FRACTIONS))}"
            )


def regression(
    spectra: Floats, truth: Floats, energies: Floats, test: Floats, steps: int
) -> Floats:
    """Return truths (N, 3) of disturbed test spectra by networks learned from disturbed ones."""
    rng = np.random.default_rng(SEED)
    mean, scale = truth.mean(axis=0), truth.std(axis=0)
    centre, height = spectra.mean(axis=0), spectra.std()
    distortion, still = Distortion(energies), np.zeros(128)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            rows = rng.integers(0, len(spectra), 128)
            moved = distortion(spectra[rows], rng.normal(0, SHIFT_EV, 128), still)
            sd = NOISE * spectra[rows].max(axis=1, keepdims=True)
            noisy = moved + rng.standard_normal(moved.shape) * sd
            yield (
                torch.tensor((noisy - centre) / height, dtype=torch.float32),
                torch.tensor((truth[rows] - mean) / scale, dtype=torch.float32),
            )

    curves, found = torch.tensor((test - centre) / height, dtype=torch.float32), []
    for _ in range(MEMBERS):
        network = nn.Sequential(
            nn.Linear(len(energies), 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(),
            nn.Linear(256, 3),
        )  # fmt: skip
        learn(network, batches(), steps)
        with torch.no_grad():
            found.append(network(curves).numpy())
    return np.asarray(np.mean(found, axis=0) * scale + mean, np.float64)


def learn(network: nn.Module, batches: Iterator[tuple[Tensor, Tensor]], steps: int) -> None:
    """Minimise the mean squared error over batches with Adam, one cycle of the rate."""
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(steps):
        inputs, targets = next(batches)
        loss = nn.functional.mse_loss(network(inputs), targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


def fitted(path: Path, kind: str, energies: Floats, curves: Floats, fix: str) -> dict[str, Any]:
    """Return what the way back finds of curves: raw values, derived scalars, minima, time."""
    predictor = InversePredictor(path, "cpu", fix)
    coordinates = {f"{kind}_energy": tuple(energies.tolist())}
    rows = [
        encode_curve(
            Sample("", {kind: {kind: curve}}, coordinates=coordinates),
            Route(kind, "structure", kind="fit"), {}, energies,
        )
        for curve in curves
    ]  # fmt: skip
    started, parts, overall = perf_counter(), [], []
    for start in range(0, len(rows), 32):
        part = rows[start : start + 32]
        arrays = {name: np.stack([row[name] for row in part]) for name in part[0]}
        parts.append(predictor.run(arrays))
        overall.append(_overall(predictor, parts[-1]))
    seconds = (perf_counter() - started) / len(rows)
    features = np.concatenate([part.fields["features"].value for part in parts]).astype(float)
    weight = np.concatenate([part.fields["minimum_weight"].value for part in parts])
    return {
        "seconds": seconds,
        "value": np.stack(list(predictor.features.parameters(features).values()), axis=1),
        "overall": np.concatenate(overall),
        "lower": _joined(parts, "lower"),
        "upper": _joined(parts, "upper"),
        "fixed": _joined(parts, "status") == "value",
        "novel": float(np.mean(np.concatenate([part.novel for part in parts]))),
        "two": float(np.mean(weight[:, 1] > 0.1)),
    }


def _overall(predictor: InversePredictor, found: Prediction) -> Floats:
    """Return parameters (N, 3) averaged over all minima by their shares of the posterior."""
    minima = found.fields["minimum_features"].value.astype(float)
    weight = np.nan_to_num(found.fields["minimum_weight"].value.astype(float))
    each = np.stack(list(predictor.features.parameters(minima).values()), axis=-1)
    return np.asarray((np.nan_to_num(each) * weight[..., None]).sum(axis=1))


def _joined(parts: list[Prediction], what: str) -> NDArray[Any]:
    columns = [
        np.concatenate([getattr(part.derived[name], what) for part in parts]) for name in PARAMETERS
    ]
    return np.stack(columns, axis=1)


def measure(rows: Rows, path: Path, kind: str, n: int, steps: int) -> dict[str, Any]:
    """Return errors of all methods for one kind of spectra, by the decoder in a file."""
    rows.check(path)
    spectra, energies = rows.spectra[kind], rows.energies[kind]
    training, test = rows.training, rows.split["test"][:n]
    rng = np.random.default_rng(SEED)
    curves = disturbed(
        energies, spectra[test], rng.normal(0, SHIFT_EV, len(test)), np.full(len(test), NOISE), rng
    )
    truth, known = rows.truth[test], rows.truth[training]
    fits = {
        "fit, all free": fitted(path, kind, energies, curves, ""),
        "fit, units known": fitted(path, kind, energies, curves, UNITS_KNOWN),
    }
    torch.manual_seed(SEED)
    found = {name: fit["value"] for name, fit in fits.items()}
    found["  mean of minima"] = fits["fit, units known"]["overall"]
    found["regression"] = regression(spectra[training], known, energies, curves, steps)
    found["prior"] = np.tile(known.mean(axis=0), (len(test), 1))
    methods = {name: _scores(values, truth) for name, values in found.items()}
    for name, fit in fits.items():
        methods[name] |= _bounds(fit, truth, known)
    peer = found["regression"] - truth
    return {
        "spectra": kind,
        "rows": len(test),
        "split": rows.split.hash,
        "decoder R2": _decoder_r2(path, kind, rows, test),
        "methods": methods,
        "MSE over the regression's, 95 %": {
            name: _ratios(found[name] - truth, peer) for name in found if name != "prior"
        },
    }


def _decoder_r2(path: Path, kind: str, rows: Rows, test: NDArray[np.int64]) -> float:
    """Return the decoder's pooled R2 on test rows, whose features are known."""
    predictor = InversePredictor(path, "cpu")
    total, difference, angle = rows.truth[test].T
    features = np.column_stack([(total - difference) / 2, (total + difference) / 2, angle])
    latent = predictor.features.to_latent(features).astype(np.float32)
    decoded = ModelPredictor(path, "cpu").run_raw({"latent": latent})[kind]
    truth = rows.spectra[kind][test]
    return float(1 - ((truth - decoded) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


def _scores(found: Floats, truth: Floats) -> dict[str, Any]:
    error = found - truth
    return {
        name: {"MAE": float(np.abs(e).mean()), "RMSE": float(np.sqrt((e**2).mean()))}
        for name, e in zip(PARAMETERS, error.T, strict=True)
    }


def _ratios(error: Floats, peer: Floats) -> dict[str, list[float]]:
    """Return 95 % intervals of ratios of mean squared errors: bootstrap over rows, paired."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(error), (2000, len(error)))
    ratio = (error**2)[drawn].mean(axis=1) / (peer**2)[drawn].mean(axis=1)
    ends = np.quantile(ratio, [0.025, 0.975], axis=0).T
    return dict(zip(PARAMETERS, ends.tolist(), strict=True))


def _bounds(found: Mapping[str, Any], truth: Floats, training: Floats) -> dict[str, Any]:
    inside = (found["lower"] <= truth) & (truth <= found["upper"])
    known = np.isfinite(found["lower"])
    width = (found["upper"] - found["lower"]) / np.diff(
        np.quantile(training, [0.05, 0.95], axis=0), axis=0
    )
    bounds = {
        name: {
            "not fixed": float(1 - found["fixed"][:, i].mean()),
            "coverage": float(inside[known[:, i], i].mean()) if known[:, i].any() else None,
            "relative width": float(width[known[:, i], i].mean()) if known[:, i].any() else None,
        }
        for i, name in enumerate(PARAMETERS)
    }
    return {
        "bounds": bounds,
        "two minima": found["two"],
        "novel": found["novel"],
        "s per spectrum": found["seconds"],
    }


def show(result: Mapping[str, Any]) -> None:
    """Print one kind's table."""
    kind = result["spectra"]
    print(f"\n{kind.upper()}, {result['rows']} test rows, decoder R2 {result['decoder R2']:.4f}")
    print(f"{'':18}" + "".join(f"{name:>42}" for name in PARAMETERS))
    for name, scores in result["methods"].items():
        cells = []
        for parameter in PARAMETERS:
            text = f"{scores[parameter]['MAE']:.4f} / {scores[parameter]['RMSE']:.4f}"
            if bounds := scores.get("bounds", {}).get(parameter):
                text += f", {100 * bounds['not fixed']:.1f} % not fixed"
                if bounds["coverage"] is not None:
                    text += f", {bounds['coverage']:.3f}"
            cells.append(f"{text:>42}")
        print(f"{name:18}" + "".join(cells))
    print(f"{'to beat':18}" + "".join(f"{AIM[kind].get(p, float('nan')):>42}" for p in PARAMETERS))
    print("mean squared error over the regression's, 95 % interval (below 1: the fit is better)")
    for name, ratios in result["MSE over the regression's, 95 %"].items():
        if name != "regression":
            cells = [f"{low:.2f} to {high:.2f}" for low, high in ratios.values()]
            print(f"{name:18}" + "".join(f"{cell:>42}" for cell in cells))
    for name, scores in result["methods"].items():
        if "bounds" in scores:
            widths = [bound["relative width"] for bound in scores["bounds"].values()]
            told = ", ".join("-" if width is None else f"{width:.3f}" for width in widths)
            print(
                f"{name}: two minima {scores['two minima']:.3f}, novel {scores['novel']:.3f}, "
                f"relative widths {told}, {scores['s per spectrum']:.3f} s per spectrum"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=600, help="test rows")
    parser.add_argument("--steps", type=int, default=14_000, help="of training each regression")
    parser.add_argument("--kinds", default="xes,xas")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of latent-*-O.onnx")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results, rows = [], Rows.read()
    print("MAE / RMSE (Angstrom, Angstrom, degrees), share not fixed, coverage of 90 % bounds")
    for kind in arguments.kinds.split(","):
        path = arguments.weights / f"latent-{kind}-O.onnx"
        results.append(measure(rows, path, kind, arguments.n, arguments.steps))
        show(results[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
