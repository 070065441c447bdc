"""What models of the pair predict and what it is compared with: shared by all of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from xmodkit.modality import Array, Arrays, Axis, Field
from xmodkit.pair import Sample
from xmodkit_saxs_sem.modalities import (
    ENSEMBLE,
    LINEAL_PATHS,
    LOG_INTENSITY,
    MEMBERS,
    PIXEL_NM,
    PROBABILITY,
    SIZE,
    STATISTICS,
    TWO_POINT,
)
from xmodkit_saxs_sem.models.binarise import Binarise, binary_field
from xmodkit_saxs_sem.models.grid import FrameToGrid, gridded
from xmodkit_saxs_sem.models.statistics import lineal_path, two_point

__all__ = ["SEED_FIELDS", "measured", "predicted_fields", "seeds_of", "tolerances", "truth"]

SEED_FIELDS = (
    Field("seed", (Axis("member"),), "int64", long_name="one seed per member of the ensemble"),
    Field("spread", (), "float32", long_name="how far members stray: 1 as samples do"),
)
_SHOWN = 8  # members in a test vector: the fewest whose spread is told


def predicted_fields(route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Return the target's fields at 96 x 96, and what a route of the pair tells beside them."""
    if route.endswith(":saxs"):
        return _sized((*fields, LOG_INTENSITY))
    beside = (PROBABILITY, ENSEMBLE, *STATISTICS) if route == "saxs:sem" else (PROBABILITY,)
    return _sized((*fields, *beside))


def seeds_of(route: str, sample: Sample | None) -> Arrays:
    """Return the seeds of an ensemble and its spread; a sample's own are few, and vary."""
    if route != "saxs:sem":
        return {}
    if sample is None:
        return {"seed": np.arange(MEMBERS), "spread": np.array(1, np.float32)}
    number = _number(sample.id)
    spread = 0.5 + number % 1000 / 1000
    return {
        "seed": np.arange(number, number + _SHOWN),
        "spread": np.array(spread, np.float32),
    }


def tolerances(route: str) -> dict[str, float]:
    """Return how far runtimes may differ: pixels near the threshold fall to either side."""
    if route.endswith(":sem"):
        return {"cpu": 2e-3, "cuda": 2e-2}
    return {"cpu": 1e-4, "cuda": 1e-2}  # logarithms of powers that span ten decades


def truth(route: str, sample: Sample, grid: FrameToGrid, binarise: Binarise) -> dict[str, Array]:
    """Return the truth of a route.

    Of SAXS it is the log intensity on the grid, NaN where nothing was measured; of SEM a crop of
    the micrograph, drawn by the sample's id (in the middle for a reconstruction), and its
    statistics.
    """
    if route.endswith(":saxs"):
        found = gridded(sample, grid)
        measured = torch.where(found.valid > 0, found.log, torch.nan)
        return {LOG_INTENSITY.name: measured[0].numpy()}
    image = _crop(sample, binarise, middle=route == "sem:sem")
    known: dict[str, Array] = {}  # by what images are judged comes first
    if route == "saxs:sem":
        bright = torch.from_numpy(image)[None].float()
        known[TWO_POINT.name] = two_point(bright)[0].numpy()
        for field, vertical in zip(LINEAL_PATHS, (True, False), strict=True):
            known[field.name] = lineal_path(bright, vertical)[0].numpy()
    known["micrograph"] = image * np.uint8(255)
    known["pixel_nm"] = np.array(PIXEL_NM, np.float32)
    return known


def measured(sample: Sample, route: str) -> dict[str, Array]:
    """Return the truth of a route as models with the published threshold predict it."""
    with torch.no_grad():
        return truth(route, sample, FrameToGrid(), Binarise())


def _crop(sample: Sample, binarise: Binarise, *, middle: bool) -> NDArray[np.uint8]:
    sem = sample.arrays["sem"]
    field = binary_field(sem["micrograph"], float(sem["pixel_nm"]), binarise)
    room = np.array(field.shape) - SIZE
    draws = np.random.default_rng(_number(sample.id)).integers(0, room + 1)
    top, left = room // 2 if middle else draws
    return field[top : top + SIZE, left : left + SIZE]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _sized(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Return fields whose image and grid axes have 96 places; members stay open."""
    sides = ("y", "x", "row", "column")
    return tuple(
        replace(f, axes=tuple(replace(a, size=SIZE) if a.name in sides else a for a in f.axes))
        for f in fields
    )
