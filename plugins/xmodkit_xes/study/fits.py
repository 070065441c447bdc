"""One fit of the study as it is kept: its errors, scores, vectors and sensitivities."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.errors import InputError
from xmodkit.replacing import replacing
from xmodkit_xes.study.rows import Floats

__all__ = ["Fit", "kept", "load", "save"]


@dataclass(frozen=True)
class Fit:
    """What one method with k components found (the full emulator: k = 0).

    `errors` are squared errors (N,) of all rows, in the units of the standardised target.
    `scores` are t (N, k), `basis` V (k, feature) or empty. `path` holds where the sensitivity
    (axis, point) was looked at along each score (or, for the emulator, each feature).
    """

    method: str
    k: int
    errors: Floats
    scores: Floats
    basis: Floats
    path: Floats
    sensitivity: Floats
    seconds: float
    settings: str


def kept(folder: Path, method: str, k: int) -> Path:
    """Return the file of a fit."""
    return folder / "fits" / f"{method.replace(' ', '-')}-{k}.npz"


def save(folder: Path, fit: Fit) -> None:
    """Write a fit; a kill leaves either all of it or nothing."""
    path = kept(folder, fit.method, fit.k)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, partial.open("wb") as file:
        arrays: dict[str, Any] = {f.name: np.asarray(getattr(fit, f.name)) for f in fields(fit)}
        np.savez_compressed(file, **arrays)


def load(path: Path) -> Fit:
    """Read a fit; raise `InputError` if the file is not one."""
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {f.name: held[f.name] for f in fields(Fit)}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a fit of a study ({error}); remove it") from error
    plain = {name: arrays.pop(name).item() for name in ("method", "k", "seconds", "settings")}
    return Fit(**arrays, **plain)
