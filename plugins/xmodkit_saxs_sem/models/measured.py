"""What graphs see of raw samples, as plain arrays: frames on the models' grid, binary tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from xmodkit.pair import Sample
from xmodkit_saxs_sem.models.binarise import Binarise
from xmodkit_saxs_sem.models.grid import FrameToGrid
from xmodkit_saxs_sem.models.tiles import Tiles

__all__ = ["binary_tiles", "frames_on_grid"]

Floats = NDArray[np.float32]


def frames_on_grid(samples: Sequence[Sample]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return log10 of intensity over its mean (n, 96, 96), 0 where not measured, and where it is.

    Frames may differ in size.
    """
    grid = FrameToGrid()
    names = ("intensity", "mask", "qx", "qy")
    with torch.no_grad():
        found = [
            grid(*(torch.from_numpy(np.asarray(s.arrays["saxs"][name]))[None] for name in names))
            for s in samples
        ]
    logs, valid = (np.concatenate([f[i].numpy() for f in found]) for i in (0, 1))
    return logs, valid > 0


def binary_tiles(sample: Sample, rows: int = 1, columns: int = 1) -> NDArray[np.uint8]:
    """Return tiles (rows * columns, 96, 96) of a sample's micrograph: 1 in the bright phase.

    They are spread over the micrograph; one alone lies in the middle.
    """
    image = sample.arrays["sem"]
    with torch.no_grad():
        levels = Tiles(rows, columns)(
            torch.from_numpy(np.asarray(image["micrograph"]))[None],
            torch.from_numpy(np.asarray(image["pixel_nm"], np.float32))[None],
        )
        bright: NDArray[np.uint8] = Binarise()(levels[0]).numpy().astype(np.uint8)
    return bright
