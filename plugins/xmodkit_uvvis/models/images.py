"""Scanner images between the sample and the networks: 64 x 64 levels, channels first or last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xmodkit.modality import Array, Field
from xmodkit.pair import Sample
from xmodkit_uvvis.models.vae import SIZE

__all__ = ["each", "levels", "shrink", "sized", "small_scan"]

_CHUNK = 512


def shrink(sample: Sample) -> Array:
    """Return a sample's scan at 64 x 64 as the graphs resize it: uint8 (64, 64, 3)."""
    image = Image.fromarray(sample.arrays["scan"]["scan"])
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def small_scan(sample: Sample) -> Mapping[str, Array]:
    """Return the shrunken scan as a truth to compare with."""
    return {"scan": shrink(sample)}


def levels(image: Tensor) -> Tensor:
    """Return images (N, 3, y, x) in 0..1 as levels, uint8 (N, y, x, 3)."""
    rounded = torch.floor(image * 255.0 + 0.5).clamp(0.0, 255.0)
    return rounded.to(torch.uint8).permute(0, 2, 3, 1)


def sized(fields: tuple[Field, ...], size: int) -> tuple[Field, ...]:
    """Return fields whose ragged axes all have one size."""
    return tuple(
        replace(
            field,
            axes=tuple(replace(a, size=size) if a.size is None else a for a in field.axes),
        )
        for field in fields
    )


@torch.no_grad()
def each(compute: Callable[..., Tensor], *arrays: Array) -> Tensor:
    """Return what `compute` says of all rows of arrays, a chunk of rows at a time."""
    chunks = [slice(i, i + _CHUNK) for i in range(0, len(arrays[0]), _CHUNK)]
    return torch.cat([compute(*(torch.from_numpy(a[part]) for a in arrays)) for part in chunks])
