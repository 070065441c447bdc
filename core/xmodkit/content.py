"""What a sample's arrays hash to: the same content has the same hash, whatever its name."""

from __future__ import annotations

import hashlib

import numpy as np

from xmodkit.pair import Sample

__all__ = ["content_hash"]


def content_hash(sample: Sample) -> str:
    """Return the SHA-256 (hex) of all arrays of a sample with their names, types and shapes."""
    digest = hashlib.sha256()
    for modality in sorted(sample.arrays):
        for name, array in sorted(sample.arrays[modality].items()):
            digest.update(f"{modality}/{name}/{array.dtype.str}/{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
