"""What models of crystals predict, as the fields of their files."""

from __future__ import annotations

from dataclasses import replace

from xmodkit.modality import Axis, Field
from xmodkit_crystal.modalities import RECONSTRUCTION_ERROR, SIZE, STABILITY, VOXELS

__all__ = ["predicted_fields"]

_GRID = ("x", "y", "z")


def predicted_fields(
    route: str,
    fields: tuple[Field, ...],
    latent: int,
    *,
    energy: bool = False,
    size: int = SIZE,
) -> tuple[Field, ...]:
    """Return what a route's graph gives: images for a crystal, scalars beside a latent vector.

    `latent` is the vector's extent, `size` that of species' images along each edge; `energy` says
    whether an energy of formation is predicted.
    """
    told = STABILITY.fields if energy else STABILITY.fields[:1]
    target = route.partition(":")[2]
    if target == "crystal":
        return (*(_sized(field, size) for field in VOXELS.fields), *told)
    if target == "latent":
        (vector,) = fields
        closed = replace(vector, axes=(Axis(vector.axes[0].name, latent),))
        return closed, RECONSTRUCTION_ERROR, *told
    return told


def _sized(field: Field, size: int) -> Field:
    axes = tuple(Axis(axis.name, size) if axis.name in _GRID else axis for axis in field.axes)
    return replace(field, axes=axes)
