"""What mean colour alone tells of a spectrum: the baseline without a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.pair import Sample

__all__ = ["mean_rgb_baseline", "quadratic"]

_RIDGE = 1e-3  # of the number of rows: keeps ten features of few rows apart


def mean_rgb_baseline(training: Sequence[Sample], test: Sequence[Sample]) -> NDArray[np.float32]:
    """Return test spectra (samples, 220) by a quadratic ridge on each image's mean RGB.

    Fitted on training samples alone; the intercept is not shrunk.
    """
    spectra = np.stack([s.arrays["absorption"]["absorption"] for s in training]).astype(float)
    known, asked = quadratic(training), quadratic(test)
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    known, asked = (known - centre) / spread, (asked - centre) / spread
    mean = spectra.mean(axis=0)
    gram = known.T @ known + _RIDGE * len(known) * np.eye(known.shape[1])
    weights = np.linalg.solve(gram, known.T @ (spectra - mean))
    found: NDArray[np.float32] = (asked @ weights + mean).astype(np.float32)
    return found


def quadratic(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return mean R, G, B in 0..1, their squares and products (samples, 9)."""
    rgb = np.array([s.arrays["scan"]["scan"].mean(axis=(0, 1)) / 255 for s in samples])
    first, second = np.triu_indices(3)
    return np.concatenate([rgb, rgb[:, first] * rgb[:, second]], axis=1)
