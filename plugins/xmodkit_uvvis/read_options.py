"""The options of reading: how plates are cut, and what headers of spectra leave open."""

from __future__ import annotations

from xmodkit.pair import Option

__all__ = ["READ_OPTIONS"]

_READING = ("infer", "ingest")

READ_OPTIONS = (
    Option("grid", "Cut plates into ROWSxCOLS cells, e.g. 7x4.", commands=_READING),
    Option(
        "region", "Part of the plate the grid covers: x0,y0,x1,y1 in pixels.", commands=_READING
    ),
    Option(
        "pitch-mm",
        "Cut plates at this spacing, in mm (needs the scan's dpi).",
        "float",
        commands=_READING,
    ),
    Option(
        "dpi", "Resolution of the scan, where the file does not say.", "float", commands=_READING
    ),
    Option(
        "plate", "The inputs are plates: find their regular grid.", "flag", False, commands=_READING
    ),
    Option("plate-map", "CSV naming the samples of a plate.", "file", commands=_READING),
    Option("margin", "Trim this fraction off each side of each cell.", "float", 0.0, _READING),
    Option("max-pixels", "Refuse images of more pixels.", "int", 300_000_000, _READING),
    Option(
        "absorbance-base",
        "Logarithm of absorbances whose header does not say: 10 (times ln 10) or e.",
        commands=("ingest",),
        choices=("10", "e"),
    ),
    Option(
        "quantity",
        "What a table of many spectra holds, where its headers name samples.",
        commands=("ingest",),
        choices=("absorption", "absorbance", "transmission"),
    ),
    Option(
        "neglect-reflection",
        "Take transmission alone as it is: absorption is -ln(T).",
        "flag",
        False,
        ("ingest",),
    ),
)
