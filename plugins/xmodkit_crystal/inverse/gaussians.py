"""Fit Gaussians to the voxels around local maxima, all of them at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmodkit_crystal.voxels import CUT

__all__ = ["refine"]

Floats = NDArray[np.float64]
# Voxels within so many sigma of an atom count: beyond, images are cut off soon.
_REACH = 2.2
_STEPS = 8
# (sigma / width)^2 of an atom that a network blurs or sharpens.
_NARROWNESS = 0.3, 3.0


class _Blobs(NamedTuple):
    """Positions (n, 3) in sigma, heights (n,), and (sigma / width)^2 (n,)."""

    positions: Floats
    heights: Floats
    narrowness: Floats


def refine(
    image: NDArray[np.floating],
    positions: Floats,
    step: float,
    sigma: float,
    *,
    overlap: bool = False,
) -> tuple[Floats, Floats]:
    """Return positions (n, 3) in A and heights (n,) of the atoms at maxima (n, 3) of an image.

    `image` (N, N, N) is periodic with voxels of `step` A, atoms have a width of about `sigma` A.
    Gauss-Newton on height, position and width of each atom over the voxels within 2.2 sigma: with
    the width free, a wrong one leaves positions alone. With `overlap`, what the other atoms add
    there is subtracted; maxima must then be of different atoms.
    """
    spacing = step / sigma
    voxels = np.rint(positions / step).astype(int)[:, None] + _sphere(_REACH / spacing + 1)
    places = np.asarray(voxels * spacing, np.float64)  # (n, w, 3)
    values: Floats = image[tuple(np.moveaxis(voxels % len(image), -1, 0))].astype(np.float64)
    start = positions / sigma
    blobs = _Blobs(start, values.max(axis=1, initial=0), np.ones(len(start)))
    for _ in range(_STEPS * (1 + overlap)):
        others = _others(places, blobs, len(image) * spacing) if overlap else 0
        blobs = _improved(blobs, places, values - others)
        near = np.clip(blobs.positions, start - 2 * spacing, start + 2 * spacing)
        blobs = blobs._replace(positions=near)
    return blobs.positions * sigma, blobs.heights


def _improved(blobs: _Blobs, voxels: Floats, values: Floats) -> _Blobs:
    """Return blobs after one step of Gauss-Newton towards values (n, w) on voxels (n, w, 3)."""
    apart = voxels - blobs.positions[:, None]
    squared = (apart**2).sum(-1)
    counted = squared <= _REACH**2
    shape = np.exp(-0.5 * blobs.narrowness[:, None] * squared) * counted
    model = blobs.heights[:, None] * shape
    by_position = (blobs.narrowness[:, None] * model)[..., None] * apart
    by_narrowness = (-0.5 * squared * model)[..., None]
    slopes = np.concatenate([shape[..., None], by_position, by_narrowness], axis=-1)  # (n, w, 5)
    left = np.where(counted, values - model, 0)
    normal = slopes.swapaxes(1, 2) @ slopes + 1e-9 * np.eye(5)  # never singular
    change = np.linalg.solve(normal, (left[:, None] @ slopes).swapaxes(1, 2))[..., 0]
    return _Blobs(
        blobs.positions + np.clip(change[:, 1:4], -1, 1),
        blobs.heights + change[:, 0],
        np.clip(blobs.narrowness + change[:, 4], *_NARROWNESS),
    )


def _others(voxels: Floats, blobs: _Blobs, edge: float) -> Floats:
    """Return what all other blobs add on each one's voxels (n, w), cut off as images are."""
    total = np.zeros(voxels.shape[:2])
    for index, (position, height, narrowness) in enumerate(zip(*blobs, strict=True)):
        apart = voxels - position
        apart -= edge * np.rint(apart / edge)
        added = height * np.exp(-0.5 * narrowness * (apart**2).sum(-1))
        added[index] = 0
        total += added * (added >= CUT)
    return total


def _sphere(radius: float) -> NDArray[np.int_]:
    """Return the steps (w, 3) of whole voxels within a radius in voxels."""
    most = int(radius)
    steps = np.stack(np.meshgrid(*[np.arange(-most, most + 1)] * 3, indexing="ij"), axis=-1)
    steps = steps.reshape(-1, 3)
    return np.asarray(steps[(steps**2).sum(1) <= radius**2])
