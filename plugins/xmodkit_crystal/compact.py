"""Large arrays in a model file's details: half precision as text, a fifth of what digits take."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["compact", "expanded"]

_DTYPE = np.dtype("<f2")


def compact(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array as plain JSON values; raise `ValueError` for what half precision cannot hold.

    Three digits are kept, of magnitudes up to 65,504.
    """
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(array, _DTYPE)
    if not np.isfinite(half).all():
        raise ValueError(f"numbers up to {np.abs(array).max():g} given, 65504 at most expected")
    return {"shape": list(half.shape), "float16": base64.b64encode(half.tobytes()).decode("ascii")}


def expanded(told: Any) -> NDArray[np.float64]:
    """Return the array of `compact`, or of nested lists; raise `ValueError` for anything else."""
    if not isinstance(told, Mapping):
        return np.asarray(told, float)
    try:
        data = base64.b64decode(told["float16"], validate=True)
        return np.frombuffer(data, _DTYPE).reshape(told["shape"]).astype(float)
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"no array of half precision ({error})") from error
