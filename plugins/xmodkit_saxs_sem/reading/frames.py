"""Read SAXS frames of any format into samples: calibrated, masked, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from xmodkit.errors import InputError, UsageError, XmodError
from xmodkit.modality import Arrays
from xmodkit.pair import Failure, Options, Sample
from xmodkit.reading import describe
from xmodkit_saxs_sem.reading.detector_files import DETECTOR_SUFFIXES, read_detector_file
from xmodkit_saxs_sem.reading.frame import Frame, check_shape, frame_pixels
from xmodkit_saxs_sem.reading.geometry import given_geometry, header_geometry, turned
from xmodkit_saxs_sem.reading.masks import read_mask
from xmodkit_saxs_sem.reading.nexus import HDF5_SUFFIXES, read_nexus
from xmodkit_saxs_sem.reading.pictures import PICTURE_SUFFIXES, read_pictures
from xmodkit_saxs_sem.reading.poni import poni_maps
from xmodkit_saxs_sem.reading.qgrid import upright
from xmodkit_saxs_sem.reading.qtext import TEXT_SUFFIXES, read_q_text
from xmodkit_saxs_sem.reading.window import check_window

__all__ = ["FRAME_SUFFIXES", "read_frames"]

FRAME_SUFFIXES = (*PICTURE_SUFFIXES, *DETECTOR_SUFFIXES, *HDF5_SUFFIXES, *TEXT_SUFFIXES)
_GRAZING = re.compile(r"gi-?saxs|grazing", re.IGNORECASE)
_INCIDENCE = ("incidentangle", "incident_angle", "incidence_angle", "incidenceangle")
_UNCALIBRATED = (
    "q is not known: the pixels are laid on the model's grid as they are; give --poni, or "
    "--distance-mm, --wavelength-nm, --detector-pixel-mm and --centre"
)


def read_frames(path: Path, options: Options) -> Iterator[Sample | Failure]:
    """Yield the frames of a file as samples of `saxs`, and a failure for what cannot be read.

    Intensities are as stored, negative ones (background taken off) too, and zero where nothing
    was measured. q comes from options, else from a PONI file, else from the file; both maps are
    zero where none says it. Options: those of `READ_OPTIONS` that speak of frames.
    Raise `UsageError` for options that cannot mean anything.
    """
    if options.get("geometry") == "gisaxs":
        raise UsageError(
            "--geometry gisaxs given: the models know transmission only; measure in transmission"
        )
    most, count = frame_pixels(options), 0
    given_geometry(options)  # to refuse what is wrong for every file before reading one
    try:
        for frame in _opened(path, most, options):
            yield _sample(path, count, frame, most, options)
            count += 1
    except UsageError:
        raise
    except XmodError as error:
        yield Failure(path.stem, str(path), describe(error, path), count)
    except Exception as error:  # on damaged files the libraries raise nearly anything
        said = str(error).replace(str(path), path.name)
        reason = " ".join(said.split()) or type(error).__name__
        text = f"{path}: the frame is damaged or cut short ({reason}); copy it again"
        yield Failure(path.stem, str(path), text, count)


def _opened(path: Path, most: int, options: Options) -> Iterator[Frame]:
    suffix = path.suffix.lower()
    readers = {
        PICTURE_SUFFIXES: partial(read_pictures, path, most),
        DETECTOR_SUFFIXES: partial(read_detector_file, path, most),
        HDF5_SUFFIXES: partial(read_nexus, path, most, options),
        TEXT_SUFFIXES: partial(read_q_text, path, most, options),
    }
    if not path.is_file() or not path.stat().st_size:
        raise InputError("there is no such file, or it is empty; copy it again")
    for suffixes, read in readers.items():
        if suffix in suffixes:
            return read()
    raise InputError(f"{suffix or 'no suffix'} given, one of {' '.join(FRAME_SUFFIXES)} expected")


def _sample(
    path: Path, ordinal: int, frame: Frame, most: int, options: Options
) -> Sample | Failure:
    name = path.stem + frame.name
    try:
        finished = _finished(frame, most, options)
    except UsageError:
        raise
    except XmodError as error:
        text = describe(error, path) + (f" [{name}]" if frame.name else "")
        return Failure(name, str(path), text, ordinal)
    metadata = {"calibration": finished.calibration or "none"}
    if finished.header.get("title"):
        metadata["title"] = str(finished.header["title"])
    return Sample(
        name,
        {"saxs": _arrays(finished)},
        str(path),
        ordinal,
        metadata,
        {"sample": name},
        notices=finished.notices,
    )


def _finished(frame: Frame, most: int, options: Options) -> Frame:
    """Return a frame with its mask and q, or raise `InputError` for what a model cannot take."""
    shape = frame.intensity.shape
    check_shape(shape, most)
    _check_transmission(frame, options)
    frame = _calibrated(frame, options)
    if options.get("mask"):
        drawn = read_mask(Path(options["mask"]), (shape[0], shape[1]), most)
        frame = replace(frame, measured=frame.measured & ~drawn)
    if not frame.measured.any():
        raise InputError("no pixel measured: all are masked, gaps or not finite; check the mask")
    if not frame.intensity[frame.measured].any():
        raise InputError("zero intensity in every pixel given, scattering expected")
    azimuth, mirror = float(options.get("saxs_azimuth") or 0), bool(options.get("saxs_mirror"))
    if frame.q is None:
        unturned = ("not turned or mirrored: q is not known",) if azimuth or mirror else ()
        return frame.noted(_UNCALIBRATED, *unturned, *_negative(frame))
    check_window(frame.q, frame.measured)
    qx, qy, values, measured = upright(*frame.q, frame.intensity, frame.measured)
    q = turned((qx, qy), azimuth, mirror=mirror)
    return replace(frame, intensity=values, measured=measured, q=q).noted(*_negative(frame))


def _negative(frame: Frame) -> tuple[str, ...]:
    share = float((frame.intensity[frame.measured] < 0).mean())
    if share <= 0.5:
        return ()
    return (f"{share:.0%} of the measured intensities are negative: is too much background off?",)


def _check_transmission(frame: Frame, options: Options) -> None:
    """Raise `InputError` for a frame whose header says grazing incidence."""
    if options.get("geometry") == "transmission":
        return
    lower = {str(key).lower(): str(value) for key, value in frame.header.items()}
    said = next((text for text in lower.values() if _GRAZING.search(text)), None)
    for key in _INCIDENCE:
        try:
            if 0 < abs(float(lower.get(key, "nan").split()[0])) < 10:  # degrees; else across
                said = f"{key} {lower[key]}"
        except (ValueError, IndexError):
            continue
    if said is not None:
        raise InputError(
            f"grazing incidence given ({' '.join(said.split())[:60]}), transmission expected; "
            "--geometry transmission if the header is wrong"
        )


def _calibrated(frame: Frame, options: Options) -> Frame:
    """Return a frame with q of the options, of a PONI file or of its own, in this order."""
    rows, columns = frame.intensity.shape
    if (geometry := given_geometry(options)) is not None:
        return replace(frame, q=geometry.q_maps((rows, columns)), calibration="options")
    if options.get("poni"):
        q, gaps = poni_maps(Path(options["poni"]), (rows, columns))
        measured = frame.measured if gaps is None else frame.measured & ~gaps
        return replace(frame, q=q, measured=measured, calibration="PONI file")
    if frame.q is None and (geometry := header_geometry(frame.header)) is not None:
        return replace(frame, q=geometry.q_maps((rows, columns)), calibration="header")
    return frame


def _arrays(frame: Frame) -> Arrays:
    qx, qy = frame.q or (np.zeros(frame.intensity.shape, np.float32),) * 2
    intensity = np.where(frame.measured, frame.intensity, 0).astype(np.float32)
    return {"intensity": intensity, "mask": frame.measured.astype(np.uint8), "qx": qx, "qy": qy}
