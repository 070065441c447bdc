"""The options of ensembles: how many members, from which random numbers, how different."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from xmodkit.errors import UsageError
from xmodkit.modality import Arrays
from xmodkit.pair import Option, Options
from xmodkit_saxs_sem.modalities import MEMBERS

__all__ = ["ENSEMBLE_OPTIONS", "GENERATED", "Ensemble"]

GENERATED = 100  # members, unless --n says otherwise
_LAST_SEED = 2**31

ENSEMBLE_OPTIONS = (
    Option("n", "Members of an ensemble of plausible images.", "int", MEMBERS),
    Option("seed", "Random seed of an ensemble's first member.", "int", 0),
    Option(
        "spread",
        "How far members differ: 1 as images of one sample do, 0 not at all.",
        "float",
        1.0,
        ("infer", "generate"),
    ),
    Option("n", "Members to generate.", "int", GENERATED, ("generate",)),
    Option("from", "Frame that the members shall explain.", "file", commands=("generate",)),
)


@dataclass(frozen=True)
class Ensemble:
    """So many members, of the seeds from `seed` on, spread so far."""

    n: int = MEMBERS
    seed: int = 0
    spread: float = 1.0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"--n {self.n}: at least one member expected")
        if not 0 <= self.seed <= _LAST_SEED - self.n:
            raise UsageError(f"--seed {self.seed}: 0 to {_LAST_SEED - self.n} expected")
        if not (isfinite(self.spread) and self.spread >= 0):
            raise UsageError(f"--spread {self.spread:g}: a finite number from 0 up expected")

    @classmethod
    def parse(cls, options: Options, n: int = MEMBERS, seed: int = 0) -> Ensemble:
        """Read the pair's options; `n` and `seed` hold where they say nothing."""
        given = {name: options.get(name) for name in ("n", "seed", "spread")}
        known = {"n": n, "seed": seed, "spread": 1.0}
        known.update({name: value for name, value in given.items() if value is not None})
        return cls(int(known["n"]), int(known["seed"]), float(known["spread"]))

    def inputs(self, start: int = 0, stop: int | None = None) -> Arrays:
        """Return the inputs of a graph for members `start` to `stop`: seeds (m,) and spread."""
        last = self.n if stop is None else min(stop, self.n)
        return {
            "seed": np.arange(self.seed + start, self.seed + last, dtype=np.int64),
            "spread": np.array(self.spread, np.float32),
        }
