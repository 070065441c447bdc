"""Read the published HDF5 layout of scanner images with spectra (Stein et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.images import MAX_PIXELS
from xmodkit.modality import Arrays
from xmodkit.pair import Sample
from xmodkit_uvvis.reading.composition import composition_text
from xmodkit_uvvis.reading.spectra import resample

__all__ = ["read_published"]

BLOCK = 512  # samples read at a time: 6 MB of uint8 images, 50 MB of float64
_BLOCK_VALUES = 2**26  # fewer samples at a time where their images are larger
_MOST_POINTS = 100_000  # of a spectrum: a small file may claim any size


def read_published(
    path: Path, *, energies: NDArray[np.float64] | None = None, block: int = BLOCK
) -> Iterator[Sample]:
    """Yield the samples of a file, reading `block` of them at a time.

    Root keys: `images` (N, y, x, 3), uint8 or fractions of 1; and where present `spectra`
    (N, points) on `energy_eV`, `atfrac` (elements, N) with `atfrac_keys` (`Fe.PM..`), `plate_id`.
    Spectra come on `energies` (eV, ascending) if given, else as stored. A sample's groups are its
    plate and its composition. Layout: doi 10.1039/C8SC03077D and data record
    data.caltech.edu/records/km8xg-1yd31.

    Raise `InputError` for a file that is not of this layout, `MissingExtraError` without h5py.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("reading HDF5", "h5py", "uvvis") from error
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = "no such file" if not path.exists() else "no HDF5 file, or cut short"
        raise InputError(f"{path}: {reason}; check the path or copy it again") from error
    with file:
        try:
            count = _check_layout(file)
            step = max(1, min(block, _BLOCK_VALUES // max(1, math.prod(file["images"].shape[1:]))))
            for start in range(0, count, step):
                yield from _read_block(file, path, start, min(start + step, count), energies)
        except (InputError, OSError) as error:
            raise InputError(f"{path}: {' '.join(str(error).split())}") from error


def _check_layout(file: Any) -> int:
    """Return the number of samples."""
    if "images" not in file:
        raise InputError(
            f"root keys {', '.join(file) or '(none)'} given; images (N, y, x, 3) expected"
        )
    shape = file["images"].shape
    if len(shape) != 4 or shape[3] != 3:
        raise InputError(f"images of shape {shape} given; (N, y, x, 3) expected")
    if shape[1] * shape[2] > MAX_PIXELS:
        raise InputError(f"images of {shape[1]} x {shape[2]} given; at most {MAX_PIXELS:,} pixels")
    count = int(shape[0])
    expected: dict[str, tuple[int, ...]] = {"plate_id": (count,)}
    if "spectra" in file:
        expected["spectra"] = (count, _length(file, "energy_eV"))
    if "atfrac" in file:
        expected["atfrac"] = (_length(file, "atfrac_keys"), count)
    for key, wanted in expected.items():
        if key in file and file[key].shape != wanted:
            raise InputError(f"{key} of shape {file[key].shape} given; {wanted} expected")
    return count


def _length(file: Any, key: str) -> int:
    if key not in file or len(file[key].shape) != 1:
        raise InputError(f"{key} is missing or not a list; the published layout expected")
    if file[key].shape[0] > _MOST_POINTS:
        raise InputError(f"{key} of {file[key].shape[0]:,} values; at most {_MOST_POINTS:,}")
    return int(file[key].shape[0])


def _read_block(
    file: Any, path: Path, start: int, stop: int, energies: NDArray[np.float64] | None
) -> Iterator[Sample]:
    images = _to_uint8(file["images"][start:stop])
    spectra = _spectra(file, start, stop, energies) if "spectra" in file else None
    fractions = file["atfrac"][:, start:stop] if "atfrac" in file else None
    elements = (
        [_text(key).split(".PM")[0] for key in file["atfrac_keys"]] if "atfrac" in file else []
    )
    plates = file["plate_id"][start:stop] if "plate_id" in file else None
    for row, index in enumerate(range(start, stop)):
        arrays: dict[str, Arrays] = {"scan": {"scan": images[row]}}
        notices: tuple[str, ...] = ()
        if spectra is not None and np.isfinite(spectra[row]).all():
            arrays["absorption"] = {"absorption": spectra[row]}
        elif spectra is not None:
            notices = ("spectrum left out: it has values that are not finite",)
        composition = {} if fractions is None else _composition(elements, fractions[:, row])
        groups = {} if plates is None else {"plate": _text(plates[row])}
        if composition:
            groups["composition"] = composition_text(composition)
        yield Sample(
            id=f"{path.stem}-{index}",
            arrays=arrays,
            source=str(path),
            ordinal=index,
            metadata={"composition": composition} if composition else {},
            groups=groups,
            notices=notices,
        )


def _to_uint8(images: NDArray[Any]) -> NDArray[np.uint8]:
    if images.dtype == np.uint8:
        return images
    whole = np.issubdtype(images.dtype, np.integer)
    top = 255 if whole else 1
    if not (images.min() >= 0 and images.max() <= top):  # also false for NaN
        raise InputError(
            f"{images.dtype} images from {images.min():g} to {images.max():g} given, 0 to {top} "
            "expected"
        )
    return (images if whole else np.rint(images * 255)).astype(np.uint8)


def _spectra(
    file: Any, start: int, stop: int, energies: NDArray[np.float64] | None
) -> NDArray[np.float32]:
    stored = np.asarray(file["spectra"][start:stop], dtype=np.float64)
    if energies is not None:
        stored = resample(np.asarray(file["energy_eV"][:], dtype=np.float64), stored, energies)
    return stored.astype(np.float32)


def _composition(elements: list[str], fractions: NDArray[Any]) -> Mapping[str, float]:
    present = zip(elements, fractions, strict=True)
    return {element: float(x) for element, x in present if np.isfinite(x) and x > 0}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
