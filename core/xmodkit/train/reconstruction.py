"""Score what has no bounds: reconstructed or generated fields, in the model's own resolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from xmodkit import measured
from xmodkit.modality import Array, Field

__all__ = ["reconstruction_scores"]

_CHUNK = 256


def reconstruction_scores(
    field: Field, truth: Array, value: Array, mean: Array
) -> dict[str, float | int]:
    """Return MSE, MAE and, for values in a finite range, binary cross-entropy, per value.

    Values of a field with a valid range (levels 0 to 255) are scaled to 0..1 first. `mean` is the
    mean truth of other rows: the baseline without a network. `bce_of_truth` is what a perfect
    reconstruction reaches: cross-entropy is not zero there. A NaN in the truth does not count.
    """
    sums: dict[str, float] = {}
    for start in range(0, len(truth), _CHUNK):
        part = slice(start, start + _CHUNK)
        for name, total in _sums(field, truth[part], value[part], mean).items():
            sums[name] = sums.get(name, 0.0) + total
    known = int((~np.isnan(truth)).sum())
    scores: dict[str, Any] = {name: total / max(1, known) for name, total in sums.items()}
    return {"samples": int(measured.rows(truth).sum()), **scores}


def _sums(field: Field, truth: Array, value: Array, mean: Array) -> dict[str, float]:
    low, high = field.valid_range or (0.0, 1.0)
    true, found, guess = (
        (array.astype(np.float32) - low) / (high - low) for array in (truth, value, mean)
    )
    errors = {
        "mse": (found - true) ** 2,
        "mae": np.abs(found - true),
        "mse_of_mean": (guess - true) ** 2,
    }
    if field.valid_range is not None:
        # half a level from the ends: a rounded 0 or 255 is no certainty
        room = 0.5 / (high - low) if np.issubdtype(truth.dtype, np.integer) else 1e-6
        for name, p in (("bce", found), ("bce_of_mean", guess), ("bce_of_truth", true)):
            p = np.clip(p, room, 1 - room)
            errors[name] = -(true * np.log(p) + (1 - true) * np.log1p(-p))
    known = ~np.isnan(true)
    return {name: float(np.where(known, error, 0).sum()) for name, error in errors.items()}
