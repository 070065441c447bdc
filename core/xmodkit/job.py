"""What one run of `infer` is told, how far it is, and what it did."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from xmodkit.inputs import Inputs
from xmodkit.output import OutputPaths
from xmodkit.pair import ModalityPair, Options, Predictor, Route, stored_options

__all__ = ["Job", "Progress", "Summary", "default_threads"]


@dataclass(frozen=True)
class Job:
    """All that one run of `infer` is told."""

    pair: ModalityPair
    route: Route
    predictor: Predictor
    inputs: Inputs
    paths: OutputPaths
    model: str
    options: Options = field(default_factory=dict)
    resume: bool = False
    band: str = "pointwise"
    keep_inputs: bool = False
    pictures: int = 48
    batch_size: int = 64
    threads: int = 2
    debug: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """What a store says of the run that made it, and what a resumed run must agree with."""
        return {
            "plugin": self.pair.name,
            "route": self.route.name,
            "model": self.model,
            "model_hash": self.predictor.identity,
            "band": self.band,
            "options": stored_options(self.options),
            "keep_inputs": self.keep_inputs,
        }


@dataclass(frozen=True)
class Progress:
    """How far a run is: files done of all, samples predicted, inputs failed."""

    files: int
    total: int
    samples: int
    failed: int


@dataclass(frozen=True)
class Summary:
    """What a run did. `in` counts samples; `in = out + failed`."""

    out: int
    failed: int
    skipped: int
    novel: int
    device: str
    samples_per_s: float
    model: str
    store: str
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the keys of the contract."""
        return {
            "in": self.out + self.failed,
            "out": self.out,
            "failed": self.failed,
            "skipped": self.skipped,
            "novel": self.novel,
            "device": self.device,
            "samples_per_s": float(f"{self.samples_per_s:.3g}"),
            "model": self.model,
            "store": self.store,
        }


def default_threads() -> int:
    """Return how many threads read ahead: one per core, four at most."""
    return min(4, os.cpu_count() or 1)
