"""The pair: decay curves to lifetimes (a model file) or to rate and amplitude (a fit)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from xmodkit import (
    Derived,
    DeviceError,
    Failure,
    Field,
    InputError,
    ModalityPair,
    Option,
    Prediction,
    Route,
    Sample,
    UsageError,
    Value,
)
from xmodkit.modality import Arrays
from xmodkit.pair import Options, Predictor
from xmodkit_decay.files import SUFFIX, read_decays, write_decays
from xmodkit_decay.modalities import DECAY, HALF_LIFE, LIFETIME, RATE, WINDOWS
from xmodkit_decay.simulator import simulate
from xmodkit_decay.solver import RateSolver

__all__ = ["Decay"]

_MIN_COUNTS = 100


class Decay(ModalityPair):
    """Fluorescence decay curves and what they tell of the emitter."""

    name = "decay"
    summary = "fluorescence decay curve -> lifetime, rate, half-life"
    modalities = (DECAY, LIFETIME, RATE)
    routes = (Route("decay", "lifetime"), Route("decay", "rate", kind="fit", bounds="none"))
    suffixes = (SUFFIX,)
    options = (
        Option("min-counts", "Refuse curves whose peak has fewer counts.", "int", _MIN_COUNTS),
    )

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the curves of a decay file."""
        return read_decays(path)

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        """Return the curve as it is; raise `InputError` if it has too few counts."""
        decay = sample.arrays["decay"]
        peak, least = int(decay["counts"].max()), options.get("min_counts", _MIN_COUNTS)
        if peak < least:
            raise InputError(
                f"{sample.id}: its peak has {peak} counts, {least} expected: count longer, or "
                "lower --min-counts"
            )
        return (decay,)

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped model file of decay:lifetime."""
        if route.kind == "fit":
            return super().model_file(route, options)
        return Path(__file__).parent / "lifetime.onnx"

    def predictor(
        self, route: Route, model: Path | None, device: str, options: Options
    ) -> Predictor:
        """Return the model file's predictor, or the solver of decay:rate."""
        if route.kind == "model":
            return super().predictor(route, model, device, options)
        if model is not None:
            raise UsageError(
                f"--model {model}: {route.name} is fitted without a model; leave it out"
            )
        if device not in ("auto", "cpu"):
            raise DeviceError(f"--device {device}: {route.name} is fitted on the CPU; use cpu")
        return RateSolver(route)

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the half-life."""
        return (HALF_LIFE,)

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Return half-lives: of the early lifetime, in which half of the light is emitted."""
        lifetime = fields["lifetime"][:, 0] if route.target == "lifetime" else 1 / fields["rate"]
        half_life = (np.log(2) * lifetime).astype(np.float32)
        status = np.where(np.isnan(half_life), "none", "value")
        return {"half_life": Derived(half_life, unit="ns", status=status)}

    def column_names(self, field: Field) -> Sequence[str]:
        """Name the columns of lifetimes by their window."""
        return [f"{field.name}_{window}_ns" for window in WINDOWS]

    def write(self, sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
        """Write a report of one curve: a line for each value."""
        lines = [f"sample: {sample.id}", f"source: {sample.source}"]
        found: dict[str, Value | Derived] = {**prediction.fields, **prediction.derived}
        for name, value in found.items():
            numbers = " ".join(f"{number:.5g}" for number in np.ravel(value.value))
            lines.append(f"{name}: {numbers} {value.unit}")
        path = folder / f"{sample.id}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return (path,)

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated curves with their truth."""
        return simulate(n, seed, start)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write two files of three simulated curves each."""
        return [
            write_decays(folder / f"{name}{SUFFIX}", simulate(3, 0, start))
            for name, start in (("a", 0), ("b", 3))
        ]
