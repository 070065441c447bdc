"""Calibrated bounds as a model file carries them: applied here, fitted in `conformal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array
from xmodkit.prediction import Derived

__all__ = ["Calibration", "ScalarBounds", "StratifiedBounds", "widened"]


@dataclass(frozen=True)
class ScalarBounds:
    """Split-conformal bounds of one derived scalar, by bin of its predicted value.

    `edges` separate the bins; `lower[i]` and `upper[i]` are the offsets of bin i. A bound at or
    beyond the window's end (`limits`) is infinite: the truth may be censored there.
    """

    edges: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    limits: tuple[float, float] = (-np.inf, np.inf)

    def apply(self, value: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return lower and upper bounds of predicted values, NaN where the value is NaN."""
        bins = np.digitize(value, self.edges)
        lower = value + np.asarray(self.lower)[bins]
        upper = value + np.asarray(self.upper)[bins]
        low, high = self.limits
        missing = np.isnan(value)
        lower = np.where(missing, np.nan, np.where(lower <= low, -np.inf, lower))
        upper = np.where(missing, np.nan, np.where(upper >= high, np.inf, upper))
        return lower.astype(np.float32), upper.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; infinite offsets and limits become null."""
        return {
            "edges": list(self.edges),
            "lower": [_finite_or_none(v) for v in self.lower],
            "upper": [_finite_or_none(v) for v in self.upper],
            "limits": [_finite_or_none(v) for v in self.limits],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ScalarBounds:
        """Rebuild from `to_json`."""
        low, high = values["limits"]
        return cls(
            tuple(float(v) for v in values["edges"]),
            tuple(-np.inf if v is None else float(v) for v in values["lower"]),
            tuple(np.inf if v is None else float(v) for v in values["upper"]),
            (-np.inf if low is None else float(low), np.inf if high is None else float(high)),
        )


@dataclass(frozen=True)
class StratifiedBounds:
    """Bounds of one derived scalar, apart for each stratum of the signal's strength.

    `edges` separate the strata; one stratum has none. A weak signal leaves a scalar uncertain
    that a strong one fixes, whatever its value.
    """

    strata: tuple[ScalarBounds, ...]
    edges: tuple[float, ...] = ()

    def apply(
        self, value: NDArray[Any], strength: NDArray[Any] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return lower and upper bounds of predicted values of given strengths."""
        lower = np.full(value.shape, np.nan, np.float32)
        upper = lower.copy()
        places = (
            np.zeros(value.shape, int) if strength is None else np.digitize(strength, self.edges)
        )
        for place, bounds in enumerate(self.strata):
            here = places == place
            lower[here], upper[here] = bounds.apply(value[here])
        return lower, upper

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"edges": list(self.edges), "strata": [bounds.to_json() for bounds in self.strata]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StratifiedBounds:
        """Rebuild from `to_json`."""
        strata = tuple(ScalarBounds.from_json(bounds) for bounds in values["strata"])
        return cls(strata, tuple(float(edge) for edge in values["edges"]))


@dataclass(frozen=True)
class Calibration:
    """Where a model's bounds come from, what they promise, and those of its derived scalars.

    `source` is `simulated`, `local` or `none`; `coverage` is the stated share; `rows` how many
    held-out samples it rests on. `curve` holds per field the factor by which its bounds are
    widened so that whole curves lie inside with the stated coverage, `average` that by which the
    mean half-width of several rows is multiplied to bound their mean (left out: 1). `origin` says
    of bounds fitted after export when, on what and in place of what.
    """

    source: str
    coverage: float
    rows: int
    novelty_threshold: float
    derived: Mapping[str, StratifiedBounds] = field(default_factory=dict)
    curve: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    average: Mapping[str, float] = field(default_factory=dict)

    def bound(
        self, derived: Mapping[str, Derived], novel: NDArray[np.bool_] | None
    ) -> dict[str, Derived]:
        """Return derived scalars with their own bounds; novel samples get none (NaN)."""
        return {name: self._bound(name, scalar, novel) for name, scalar in derived.items()}

    def _bound(self, name: str, scalar: Derived, novel: NDArray[np.bool_] | None) -> Derived:
        if name not in self.derived:
            return scalar
        lower, upper = self.derived[name].apply(scalar.value, scalar.strength)
        if novel is not None:
            lower[novel], upper[novel] = np.nan, np.nan
        return replace(scalar, lower=lower, upper=upper)

    def sources(
        self,
        novel: NDArray[np.bool_] | None,
        n: int,
        bounds: Iterable[NDArray[Any] | None] = (),
    ) -> NDArray[np.str_]:
        """Return where each sample's bounds come from.

        `none` for novel samples, and for those that the model declines: all of their `bounds`,
        (n, ...) each, are NaN.
        """
        sources = np.full(n, self.source, dtype="U9")
        if novel is not None:
            sources[novel] = "none"
        known = [(~np.isnan(one)).reshape(n, -1).any(axis=1) for one in bounds if one is not None]
        if known:
            sources[~np.any(known, axis=0)] = "none"
        return sources

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; what a file need not have stands there only if it is given."""
        values: dict[str, Any] = {
            "source": self.source,
            "coverage": self.coverage,
            "rows": self.rows,
            "novelty_threshold": self.novelty_threshold,
            "derived": {name: bounds.to_json() for name, bounds in self.derived.items()},
        }
        if self.curve:
            values["curve"] = {name: _finite_or_none(f) for name, f in self.curve.items()}
        if self.average:
            values["average"] = {name: float(factor) for name, factor in self.average.items()}
        if self.origin:
            values["origin"] = dict(self.origin)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Calibration:
        """Rebuild from `to_json`."""
        return cls(
            str(values["source"]),
            float(values["coverage"]),
            int(values["rows"]),
            float(values["novelty_threshold"]),
            {k: StratifiedBounds.from_json(v) for k, v in values["derived"].items()},
            {k: np.inf if v is None else float(v) for k, v in values.get("curve", {}).items()},
            values.get("origin", {}),
            {name: float(factor) for name, factor in values.get("average", {}).items()},
        )


def widened(lower: Array, upper: Array, factor: float) -> tuple[Array, Array]:
    """Return bounds widened about their middle by a factor; NaN and infinite ones stay."""
    with np.errstate(invalid="ignore"):  # infinite bounds have no middle
        extra = (factor - 1) * (upper - lower) / 2
    extra = np.where(np.isnan(extra), 0, extra).astype(lower.dtype)
    return lower - extra, upper + extra


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
