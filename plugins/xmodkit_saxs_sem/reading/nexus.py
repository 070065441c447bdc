"""Frames in HDF5: NXcanSAS with its q axes, or what a NeXus file names as its signal."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.pair import Options
from xmodkit_saxs_sem.reading.frame import MAX_FRAMES, Frame, invalid
from xmodkit_saxs_sem.reading.qgrid import PER_NM, gridded

__all__ = ["HDF5_SUFFIXES", "read_nexus"]

HDF5_SUFFIXES = (".h5", ".hdf5", ".nxs", ".hdf")
_UNITS = {
    "1/a": "1/A",
    "1/angstrom": "1/A",
    "a^-1": "1/A",
    "angstrom^-1": "1/A",
    "1/nm": "1/nm",
    "nm^-1": "1/nm",
}
_NUMBERS = "biuf"


def read_nexus(path: Path, most: int, options: Options) -> Iterator[Frame]:
    """Yield the frames of every group of an HDF5 file that holds some.

    NXcanSAS groups hold `I`, `Qx` and `Qy` (and perhaps `Idev` and a mask, true where masked), of
    two dimensions or of more, of which the last two are a frame's, or lists of points. Where no
    group has q, the signals of NXdata groups are detector frames. A pixel of no intensity and no
    error was not measured. Raise `InputError` for other files, `MissingExtraError` without h5py.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("reading HDF5", "h5py", "saxs-sem") from error
    with contextlib.suppress(ImportError):  # filters of detectors, where they are installed
        import hdf5plugin  # noqa: F401
    with h5py.File(path, "r") as file:
        groups: list[tuple[str, Any]] = []
        file.visititems(
            lambda name, item: groups.append((name, item)) if isinstance(item, h5py.Group) else None
        )
        groups.insert(0, ("", file))
        found = [(name, g) for name, g in groups if all(_is_array(g, k) for k in ("I", "Qx", "Qy"))]
        plain = [] if found else [(name, g) for name, g in groups if _signal(g) is not None]
        if not found and not plain:
            raise InputError(
                "no group with I, Qx and Qy, and no NXdata with a signal of two dimensions; "
                "export it as NXcanSAS"
            )
        several = len(found or plain) > 1
        read = _q_frames if found else _plain_frames
        for name, group in found or plain:
            head = f"-{name.split('/')[0] or 'root'}" if several else ""
            title = {"title": _title(file, name)}
            for frame in read(group, most, options):
                yield replace(frame, name=head + frame.name, header=title)


def _is_array(group: Any, name: str) -> bool:
    item = group.get(name)
    return getattr(item, "dtype", None) is not None and item.dtype.kind in _NUMBERS


def _signal(group: Any) -> Any:
    """Return the signal of an NXdata group, if it is numbers of two dimensions or more."""
    if _text(group.attrs.get("NX_class", "")) != "NXdata":
        return None
    name = _text(group.attrs.get("signal", "data"))
    if not _is_array(group, name) or group[name].ndim < 2:
        return None
    return group[name]


def _plain_frames(group: Any, most: int, options: Options) -> Iterator[Frame]:
    """Yield what a detector counted: the frames of a signal."""
    signal = _signal(group)
    for place, name in _places(signal, most):
        values = np.asarray(signal[place])
        yield Frame(values, ~invalid(values), name=name)


def _q_frames(group: Any, most: int, options: Options) -> Iterator[Frame]:
    """Yield the frames of a group with q: on two dimensions or more, or a list of points."""
    unit, notices = _unit(group["Qx"], options)
    mask = _text(group.attrs.get("mask", "mask"))
    for place, name in _places(group["I"], most):
        parts = _Parts(group, place, most)
        values, qx, qy = parts("I"), parts("Qx") * PER_NM[unit], parts("Qy") * PER_NM[unit]
        measured = np.isfinite(values) & np.isfinite(qx) & np.isfinite(qy)
        qx, qy = (np.where(np.isfinite(q), q, 0) for q in (qx, qy))
        said = list(notices)
        if _is_array(group, "Idev") and (empty := (values == 0) & (parts("Idev") == 0)).any():
            measured &= ~empty
            said.append("pixels of no intensity and no error taken as not measured")
        if _is_array(group, mask):
            measured &= parts(mask) == 0
        if values.ndim == 1:
            qx, qy, values, measured = gridded(qx, qy, values, measured)
        q = (qx.astype(np.float32), qy.astype(np.float32))
        yield Frame(values, measured, q, name, tuple(said), calibration=f"q axes in {unit}")


def _places(signal: Any, most: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the index of each frame of an array, and what it adds to the sample's name."""
    _check_array(signal, most)
    count = prod(signal.shape[:-2])
    if count > MAX_FRAMES:
        raise InputError(f"{count:,} frames declared, at most {MAX_FRAMES:,} read; split it")
    for i, place in enumerate(np.ndindex(signal.shape[:-2])):
        yield place, f"-{i + 1}" if count > 1 else ""


@dataclass(frozen=True)
class _Parts:
    """Reads the arrays of a group that belong to the frame at one place."""

    group: Any
    place: tuple[int, ...]
    most: int

    def __call__(self, name: str) -> NDArray[np.float64]:
        """Return an array that has as many dimensions as I, or a frame's, or is a q axis."""
        array, shape = self.group[name], tuple(self.group["I"].shape)
        _check_array(array, self.most)
        if tuple(array.shape) == shape:
            return np.asarray(array[self.place], np.float64)
        if tuple(array.shape) == shape[-2:]:
            return np.asarray(array[()], np.float64)
        if name in ("Qx", "Qy") and tuple(array.shape) == (shape[-1 if name == "Qx" else -2],):
            axis = np.asarray(array[()], np.float64)
            return np.broadcast_to(axis[None] if name == "Qx" else axis[:, None], shape[-2:])
        raise InputError(
            f"{name} of shape {tuple(array.shape)} given beside I of {shape}; equal shapes expected"
        )


def _check_array(array: Any, most: int) -> None:
    """Raise `InputError` for an array whose frames or chunks are too large to be read at once."""
    largest = max(prod(array.shape[-2:]), prod(array.chunks or (0,)))
    if largest > most:
        raise InputError(
            f"{array.name} declares {largest:,} values at once, at most {most:,} accepted; raise "
            "--max-pixels if the file is trusted"
        )
    if array.external is not None:
        raise InputError(f"{array.name} lies in another file; repack it into one")


def _unit(axis: Any, options: Options) -> tuple[str, list[str]]:
    """Return the unit of q: by the option, by the file, or the usual one, with a notice."""
    if options.get("q_unit"):
        return str(options["q_unit"]), []
    written = _text(axis.attrs.get("units", ""))
    plain = re.sub(r"[\s*{}]", "", written.replace("Å", "A")).lower()
    if plain in _UNITS:
        return _UNITS[plain], []
    return "1/A", [f"q in {written or 'no unit'!r} taken as 1/A"]


def _title(file: Any, name: str) -> str:
    """Return the title of the entry that a group lies in."""
    title = file.get(f"{name.split('/')[0]}/title" if name else "title")
    if getattr(title, "shape", None) not in ((), (1,)):
        return ""
    value = title[()]
    return _text(value[0] if np.ndim(value) else value)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
