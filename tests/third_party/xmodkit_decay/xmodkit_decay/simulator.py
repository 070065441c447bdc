"""Simulate decay curves: single exponentials, counted photon by photon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xmodkit import Sample

__all__ = ["simulate"]


def simulate(n: int, seed: int, start: int = 0) -> Iterator[Sample]:
    """Yield curves `start` to `start + n` with the lifetime, rate and amplitude they were made of.

    Lifetimes lie between 1 and 10 ns; times are unevenly spaced over 3 to 5 lifetimes.
    """
    for number in range(start, start + n):
        yield _curve(number, np.random.default_rng((seed, number)))


def _curve(number: int, rng: np.random.Generator) -> Sample:
    lifetime = 10 ** rng.uniform(0, 1)
    amplitude = 10 ** rng.uniform(3, 4)
    steps = rng.uniform(0.5, 1.5, rng.integers(40, 121))
    time = (np.cumsum(steps) - steps[0]) / steps.sum() * rng.uniform(3, 5) * lifetime
    counts = rng.poisson(amplitude * np.exp(-time / lifetime))
    return Sample(
        id=f"simulated-{number:05d}",
        arrays={
            "decay": {"time": time.astype(np.float32), "counts": counts.astype(np.int32)},
            "lifetime": {"lifetime": np.full(2, lifetime, np.float32)},
            "rate": {
                "rate": np.array(1 / lifetime, np.float32),
                "amplitude": np.array(amplitude, np.float32),
            },
        },
        metadata={"simulated": True},
        groups={"emitter": f"{lifetime:.1f}"},
    )
