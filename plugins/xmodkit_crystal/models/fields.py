"""What models of crystals predict, as the fields of their files."""

from __future__ import annotations

from dataclasses import replace

from xmodkit.modality import Axis, Field
from xmodkit_crystal.modalities import RECONSTRUCTION_ERROR, STABILITY, VOXELS

__all__ = ["predicted_fields"]


def predicted_fields(
    route: str, fields: tuple[Field, ...], latent: int, *, energy: bool = False
) -> tuple[Field, ...]:
    """Return what a route's graph gives: images for a crystal, scalars beside a latent vector.

    `latent` is the vector's extent; `energy` says whether an energy of formation is predicted.
    """
    told = STABILITY.fields if energy else STABILITY.fields[:1]
    target = route.partition(":")[2]
    if target == "crystal":
        return (*VOXELS.fields, *told)
    if target == "latent":
        (vector,) = fields
        closed = replace(vector, axes=(Axis(vector.axes[0].name, latent),))
        return closed, RECONSTRUCTION_ERROR, *told
    return told
