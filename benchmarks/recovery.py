"""From a water spectrum with noise and an axis error back to its geometry: fit against regression.

    python benchmarks/recovery.py                 # XES and XAS, 600 test rows each
    python benchmarks/recovery.py -n 1799 --json recovery.json

Rows of ../shared/data/h2o are split 70/30 at random by SEED, once for both methods. A test
spectrum is moved by an axis error drawn from a normal distribution of sd 0.3 eV and gets
independent normal noise whose sd is 1 % of its own maximum; neither method is told either.
The fit runs `InversePredictor` on a decoder's model file, as at an instrument: a network of all
three features (mean of three of 2 x 128, SiLU) learned from 70 % less 400 rows, which calibrate
the bounds. It has no torch. "fit, units known" is told scale, broadening and background, which
the regression knows too: its spectra come in the training set's units. The regression (2 x 256,
SiLU) goes from spectrum to bond sum, |difference| and angle; it learns from all 70 % with fresh
noise and axis errors in each batch.
"prior" predicts the training mean. Errors are over all rows, whatever was declared not fixed;
"not fixed" is the share of spectra for which the fit declares so, and coverage that of its 90 %
bounds over the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit.calibration import Calibration
from xmodkit.modality import Axis, Field
from xmodkit.modelfile import ModelMetadata, write_model_file
from xmodkit.pair import Route, Sample
from xmodkit_exporters.onnx import OPSET, to_onnx
from xmodkit_xes.inverse import InversePredictor, calibrate_fit, encode_curve
from xmodkit_xes.inverse.calibrate import disturbed
from xmodkit_xes.inverse.distortion import Distortion

SEED = 20261121
DATA = Path(__file__).parents[2] / "shared/data/h2o/data.npz"
NOISE, SHIFT_EV = 0.01, 0.3
CALIBRATION_ROWS = 400
MEMBERS = 3
PARAMETERS = ("bond_sum", "bond_difference", "angle")
FEATURES = ("short", "long", "angle")
AIM = {
    "xes": {"bond_sum": 0.025, "angle": 2.0},
    "xas": {"bond_sum": 0.010, "bond_difference": 0.012, "angle": 1.6},
}
# What the regression's spectra have in common with the training set's, so need not be fitted.
UNITS_KNOWN = "scale,broadening,background"
Floats = NDArray[np.float64]


class Decoder(nn.Module):
    """z-scored features (N, 3) to curves (N, E): the mean of a few networks."""

    def __init__(self, mean: Floats, scale: float, width: int = 128) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.tensor(mean, dtype=torch.float32))
        self.scale = scale
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                nn.Linear(width, len(mean)),
            )
            for _ in range(MEMBERS)
        )  # fmt: skip

    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        """Return curves in their own unit."""
        curves = torch.stack([member(latent) for member in self.members]).mean(dim=0)
        return {"curve": self.mean + self.scale * curves}


def learn(
    network: nn.Module, batches: Iterator[tuple[Tensor, Tensor]], steps: int, rate: float
) -> None:
    """Minimise the mean squared error over batches with Adam, one cycle of the rate."""
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(steps):
        inputs, targets = next(batches)
        loss = nn.functional.mse_loss(network(inputs), targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


def train_decoder(latent: Floats, spectra: Floats, steps: int) -> Decoder:
    """Return a decoder learned from z-scored features and spectra."""
    decoder = Decoder(spectra.mean(axis=0), float(spectra.std()))
    x = torch.tensor(latent, dtype=torch.float32)
    y = torch.tensor((spectra - spectra.mean(axis=0)) / spectra.std(), dtype=torch.float32)
    for member in decoder.members:
        learn(member, _shuffled(x, y), steps, 6e-3)
    return decoder.eval()


def _shuffled(x: Tensor, y: Tensor, size: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        for rows in torch.split(torch.randperm(len(x)), size):
            yield x[rows], y[rows]


def write_decoder(
    path: Path, decoder: Decoder, kind: str, energies: Floats, rows: Mapping[str, Floats]
) -> dict[str, Any]:
    """Write a decoder's model file with all that the way back needs; return its details."""
    latent = Field("latent", (Axis("latent", 3),), unit="1")
    curve = Field(kind, (Axis(f"{kind}_energy", len(energies), "eV", tuple(energies.tolist())),))

    class Named(nn.Module):
        def forward(self, latent: Tensor) -> dict[str, Tensor]:
            return {kind: decoder(latent)["curve"]}

    def decode(scores: Floats) -> Floats:
        with torch.no_grad():
            curves = decoder(torch.tensor(scores, dtype=torch.float32))["curve"]
        return np.asarray(curves.numpy(), np.float64)

    held = decode(rows["held_latent"])
    details: dict[str, Any] = {
        "features": list(FEATURES),
        "feature_mean": rows["mean"].tolist(),
        "feature_scale": rows["scale"].tolist(),
        "basis": np.eye(3).tolist(),
        "latent_mean": rows["latent"].mean(axis=0).tolist(),
        "latent_covariance": np.cov(rows["latent"].T).tolist(),
        "residual": (rows["held_spectra"] - held).std(axis=0).tolist(),
    }
    details["fit"] = calibrate_fit(
        decode, details, energies, rows["held_spectra"], rows["held_features"],
        np.random.default_rng(SEED),
    )  # fmt: skip
    example = {"latent": rows["latent"][:3].astype(np.float32)}
    metadata = ModelMetadata(
        "xes", "0", Route("latent", kind, bounds="none"), (latent,), (curve,), OPSET,
        Calibration("none", 0.9, 0, 0.0), {}, {}, "CC0-1.0", details=details,
    )  # fmt: skip
    write_model_file(path, to_onnx(Named(), (latent,), (kind,), example), metadata)
    return details


def regression(
    spectra: Floats, truth: Floats, energies: Floats, test: Floats, steps: int
) -> Floats:
    """Return truths (N, 3) of disturbed test spectra by a network learned from disturbed ones."""
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

    network = nn.Sequential(
        nn.Linear(len(energies), 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(),
        nn.Linear(256, 3),
    )  # fmt: skip
    learn(network, batches(), steps, 3e-3)
    with torch.no_grad():
        found = network(torch.tensor((test - centre) / height, dtype=torch.float32))
    return np.asarray(found.numpy() * scale + mean, np.float64)


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
    started, parts = perf_counter(), []
    for start in range(0, len(rows), 32):
        part = rows[start : start + 32]
        parts.append(
            predictor.run({name: np.stack([row[name] for row in part]) for name in part[0]})
        )
    seconds = (perf_counter() - started) / len(rows)
    features = np.concatenate([part.fields["features"].value for part in parts]).astype(float)
    return {
        "seconds": seconds,
        "value": np.stack(list(predictor.features.parameters(features).values()), axis=1),
        "lower": _joined(parts, "lower"),
        "upper": _joined(parts, "upper"),
        "fixed": _joined(parts, "status") == "value",
        "novel": float(np.mean(np.concatenate([part.novel for part in parts]))),
        "two": float(
            np.mean(
                np.concatenate([part.fields["minimum_weight"].value[:, 1] for part in parts]) > 0.1
            )
        ),
    }


def _joined(parts: list[Any], what: str) -> NDArray[Any]:
    columns = [
        np.concatenate([getattr(part.derived[name], what) for part in parts]) for name in PARAMETERS
    ]
    return np.stack(columns, axis=1)


def measure(kind: str, n: int, steps: int) -> dict[str, Any]:
    """Return errors of all methods for one kind of spectra."""
    with np.load(DATA, allow_pickle=False) as data:
        bonds = np.sort(np.stack([data["r1"], data["r2"]], axis=1), axis=1)
        features = np.column_stack([bonds, data["angle_deg"]])
        spectra, energies = data[kind].astype(float), data[f"{kind}_energy_eV"]
    truth = np.column_stack([bonds.sum(axis=1), np.diff(bonds, axis=1), features[:, 2]])
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(spectra))
    training, test = np.split(order, [round(0.7 * len(order))])
    learned, held, test = training[:-CALIBRATION_ROWS], training[-CALIBRATION_ROWS:], test[:n]
    mean, scale = features[learned].mean(axis=0), features[learned].std(axis=0)
    latent = (features - mean) / scale
    torch.manual_seed(SEED)
    decoder = train_decoder(latent[learned], spectra[learned], steps)
    curves = disturbed(
        energies, spectra[test], rng.normal(0, SHIFT_EV, len(test)), np.full(len(test), NOISE), rng
    )
    result: dict[str, Any] = {"spectra": kind, "rows": len(test)}
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"latent-{kind}-O.onnx"
        rows = {"mean": mean, "scale": scale, "latent": latent[learned]}
        rows |= {"held_latent": latent[held], "held_spectra": spectra[held]}
        details = write_decoder(
            path, decoder, kind, energies, rows | {"held_features": features[held]}
        )
        result["fit"] = {
            k: v for k, v in details["fit"].items() if k in ("scalars", "misfit", "rows")
        }
        fits = {
            "fit, all free": fitted(path, kind, energies, curves, ""),
            "fit, units known": fitted(path, kind, energies, curves, UNITS_KNOWN),
        }
    with torch.no_grad():
        decoded = decoder(torch.tensor(latent[test], dtype=torch.float32))["curve"].numpy()
    rest = ((spectra[test] - decoded) ** 2).sum()
    result["decoder R2"] = 1 - rest / ((spectra[test] - spectra[test].mean(axis=0)) ** 2).sum()
    direct = regression(spectra[training], truth[training], energies, curves, 2 * steps)
    floor = np.tile(truth[training].mean(axis=0), (len(test), 1))
    result["methods"] = {
        **{name: _scores(found["value"], truth[test]) for name, found in fits.items()},
        "regression": _scores(direct, truth[test]),
        "prior": _scores(floor, truth[test]),
    }
    for name, found in fits.items():
        result["methods"][name] |= _bounds(found, truth[test], truth[training])
    return result


def _scores(found: Floats, truth: Floats) -> dict[str, Any]:
    error = found - truth
    return {
        name: {"MAE": float(np.abs(e).mean()), "RMSE": float(np.sqrt((e**2).mean()))}
        for name, e in zip(PARAMETERS, error.T, strict=True)
    }


def _bounds(found: Mapping[str, Any], truth: Floats, training: Floats) -> dict[str, Any]:
    inside = (found["lower"] <= truth) & (truth <= found["upper"])
    known = np.isfinite(found["lower"])
    prior = np.diff(np.quantile(training, [0.05, 0.95], axis=0), axis=0)[0]
    bounds = {
        name: {
            "not fixed": float(1 - found["fixed"][:, i].mean()),
            "coverage": float(inside[known[:, i], i].mean()) if known[:, i].any() else None,
            "relative width": float(
                np.mean((found["upper"] - found["lower"])[known[:, i], i]) / prior[i]
            )
            if known[:, i].any()
            else None,
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
    for name, scores in result["methods"].items():
        if "bounds" in scores:
            print(
                f"{name}: two minima {scores['two minima']:.3f}, novel {scores['novel']:.3f}, "
                f"{scores['s per spectrum']:.3f} s per spectrum"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=600, help="test rows")
    parser.add_argument("--steps", type=int, default=14_000, help="of training the decoder")
    parser.add_argument("--kinds", default="xes,xas")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    print("MAE / RMSE (Angstrom, Angstrom, degrees), share not fixed, coverage of 90 % bounds")
    for kind in arguments.kinds.split(","):
        results.append(measure(kind, arguments.n, arguments.steps))
        show(results[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
