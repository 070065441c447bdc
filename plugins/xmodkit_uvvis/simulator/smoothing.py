"""Gaussian smoothing of square fields: the scanner's optics, and the grain of a dried film."""

from __future__ import annotations

import numpy as np

from xmodkit_uvvis.simulator.materials import Floats

__all__ = ["smooth"]


def smooth(field: Floats, sigma: float) -> Floats:
    """Return a field (..., size, size) blurred by `sigma` pixels; an even field stays as it is.

    Two small matrix products: faster here than a filter, and without SciPy.
    """
    place = np.arange(field.shape[-1])
    kernel = np.exp(-0.5 * ((place[:, None] - place[None, :]) / sigma) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    blurred: Floats = kernel @ field @ kernel.T
    return blurred
