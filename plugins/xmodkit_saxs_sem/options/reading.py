"""The options of reading: what headers of frames and micrographs leave open."""

from __future__ import annotations

from xmodkit.pair import Option

__all__ = ["INGEST_OPTIONS", "PHI_OPTIONS", "READ_OPTIONS"]

_READING = ("infer", "ingest")

READ_OPTIONS = (
    Option("poni", "Calibration of the frames, as pyFAI writes it.", "file", commands=_READING),
    Option("distance-mm", "Distance from sample to detector.", "float", commands=_READING),
    Option("wavelength-nm", "Wavelength of the beam.", "float", commands=_READING),
    Option("detector-pixel-mm", "Size of the detector's pixels.", "float", commands=_READING),
    Option(
        "centre",
        "Where the beam meets the detector: X,Y in pixels from the left and from the top, 0.5 the "
        "middle of the first.",
        commands=_READING,
    ),
    Option(
        "mask",
        "Image or .npy of a frame's shape; what is not zero there was not measured.",
        "file",
        commands=_READING,
    ),
    Option(
        "q-unit",
        "Unit of the q axes in a file; by default what it says, else 1/A.",
        commands=_READING,
        choices=("1/A", "1/nm"),
    ),
    Option(
        "saxs-azimuth",
        "Degrees by which to turn the scattering, counterclockwise, to the micrographs' axes.",
        "float",
        0.0,
        _READING,
    ),
    Option(
        "saxs-mirror",
        "Frames show the scattering as seen against the beam: exchange left and right.",
        "flag",
        False,
        _READING,
    ),
    Option(
        "geometry",
        "How the frames were measured, where headers mislead; only transmission can be read.",
        commands=_READING,
        choices=("transmission", "gisaxs"),
    ),
    Option(
        "sem-pixel-nm",
        "Size of the micrographs' pixels; by default what the file says, else 2 nm.",
        "float",
        commands=_READING,
    ),
    Option(
        "info-bar",
        "Rows to cut off below micrographs, none, or auto: by the header, else where one is seen.",
        default="auto",
        commands=_READING,
    ),
    Option(
        "max-pixels",
        "Refuse larger images; by default 40 million pixels of a frame, 300 million of a "
        "micrograph.",
        "int",
        commands=_READING,
    ),
)

# Columns of a pairs table say for each sample what these options say for all.
INGEST_OPTIONS: tuple[Option, ...] = ()

PHI_OPTIONS = (
    Option("phi", "Area fraction of the bright phase, 0 to 1, where it is known.", "float"),
)
