"""Read a measured spectrum as absorption coefficient times thickness on given energies.

Headers of instruments differ; what they leave open (the base of the logarithm, the unit of the
axis, whether reflection was measured) is asked for, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.table import Column, read_table, words

__all__ = ["NM_EV", "Base", "SpectrumFile", "absorption_of", "read_spectrum", "resample"]

NM_EV = 1239.84198  # h c / e, CODATA 2018: energy in eV = NM_EV / wavelength in nm
_LN_10 = math.log(10)
_WIDEST_GAP = 0.1  # eV between neighbouring points inside the range asked for

Floats = NDArray[np.float64]
Base = Literal["10", "e"]


@dataclass(frozen=True, eq=False)
class SpectrumFile:
    """A spectrum: `absorption` (energies,), coefficient times thickness, natural logarithm."""

    absorption: NDArray[np.float32]
    notices: tuple[str, ...] = ()


def read_spectrum(
    path: Path,
    energies: Floats,
    *,
    absorbance_base: Base | None = None,
    neglect_reflection: bool = False,
) -> SpectrumFile:
    """Return a spectrum file's absorption at `energies` (eV, ascending).

    The file (CSV, TSV or text; decimal point or comma) has one header line that names a
    wavelength in nm or an energy in eV and one of: absorption (alpha t), absorbance, transmission
    and reflection, transmission alone. Base-10 absorbance is multiplied by ln 10; the header or
    `absorbance_base` gives the base. Transmission and reflection become -ln(T / (1 - R));
    transmission alone is accepted only with `neglect_reflection`.

    Raise `InputError` where the file cannot be read, leaves something open, or does not cover
    `energies`.
    """
    try:
        return absorption_of(
            read_table(path),
            energies,
            absorbance_base=absorbance_base,
            neglect_reflection=neglect_reflection,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__


def absorption_of(
    columns: Mapping[str, Column],
    energies: Floats,
    *,
    absorbance_base: Base | None = None,
    neglect_reflection: bool = False,
) -> SpectrumFile:
    """Return the absorption at `energies` (eV, ascending) of a table's columns by kind.

    As `read_spectrum`, for what is in memory already. Raise `InputError` as it does.
    """
    energy = _energy(columns)
    notices: list[str] = []
    inside = _around(energy, energies)
    values = _absorption(
        {name: Column(c.header, c.values[inside]) for name, c in columns.items()},
        absorbance_base,
        neglect_reflection,
        notices,
    )
    resampled = resample(energy[inside], values, energies)
    return SpectrumFile(resampled.astype(np.float32), tuple(notices))


def resample(energy: Floats, values: Floats, energies: Floats) -> Floats:
    """Return `values` (..., points) at `energies`, linearly between points; all in eV.

    Half a step beyond the ends is filled with the end's value: 400 nm is 3.0996 eV, not 3.1.
    Raise `InputError` where `energies` are not covered.
    """
    points, place = np.unique(energy, return_inverse=True)
    if points.size < 2:
        raise InputError(f"{points.size} points given; a spectrum expected")
    # A point measured twice, as where detectors change, counts as its mean.
    rows = values.reshape(-1, energy.size)
    means = [np.bincount(place, row) / np.bincount(place) for row in rows]
    low = points[0] - (points[1] - points[0]) / 2
    high = points[-1] + (points[-1] - points[-2]) / 2
    wanted = float(energies.min()), float(energies.max())
    if low > wanted[0] or high < wanted[1]:
        raise InputError(
            f"measured from {points[0]:.3f} to {points[-1]:.3f} eV, {wanted[0]:.3f} to "
            f"{wanted[1]:.3f} eV ({NM_EV / wanted[1]:.1f} to {NM_EV / wanted[0]:.1f} nm) needed; "
            "measure the whole range"
        )
    _check_gaps(points, wanted)
    return np.stack([np.interp(energies, points, row) for row in means]).reshape(
        *values.shape[:-1], energies.size
    )


def _check_gaps(points: Floats, wanted: tuple[float, float]) -> None:
    gaps = np.diff(points)
    inside = (points[1:] > wanted[0]) & (points[:-1] < wanted[1])
    widest = int(np.where(inside, gaps, 0).argmax())
    if gaps[widest] > _WIDEST_GAP and inside[widest]:
        raise InputError(
            f"no points between {points[widest]:.3f} and {points[widest + 1]:.3f} eV, at most "
            f"{_WIDEST_GAP} eV apart expected; measure with finer steps"
        )


def _energy(columns: Mapping[str, Column]) -> Floats:
    axis = columns["axis"]
    if axis.values.min() <= 0:
        raise InputError(f"{axis.header!r} holds {axis.values.min():g}; positive values expected")
    units = words(axis.header) & {"nm", "ev"}
    if units == {"nm"}:
        return NM_EV / axis.values
    if units == {"ev"}:
        return axis.values
    raise InputError(
        f"the unit of {axis.header!r} is open; write nm or eV into the header, e.g. wavelength_nm"
    )


def _around(energy: Floats, energies: Floats) -> NDArray[np.bool_]:
    """Return which points matter: those in the range asked for, and the nearest beyond it.

    What a detector reads far outside, often noise around zero, is no reason to refuse a file.
    """
    below, above = energy[energy < energies.min()], energy[energy > energies.max()]
    low = below.max() if below.size else -math.inf
    high = above.min() if above.size else math.inf
    return np.asarray((energy >= low) & (energy <= high))


def _absorption(
    columns: Mapping[str, Column],
    absorbance_base: Base | None,
    neglect_reflection: bool,
    notices: list[str],
) -> Floats:
    """Return alpha t from whichever quantity a table holds."""
    sources = sorted(columns.keys() - {"axis", "reflection"})
    if len(sources) != 1:
        raise InputError(
            f"{' and '.join(sources) or 'reflection alone'} given; one of absorption, absorbance, "
            "or transmission with reflection expected; leave the other columns out"
        )
    column = columns[sources[0]]
    if sources == ["absorption"]:
        if words(column.header) & {"cm", "nm", "um", "µm", "m"}:
            raise InputError(
                f"{column.header!r} is per length; multiply it by the thickness and name it alpha*t"
            )
        return column.values
    if sources == ["absorbance"]:
        base = _base(column.header, absorbance_base, notices)
        return column.values * _LN_10 if base == "10" else column.values
    return _from_transmission(column, columns.get("reflection"), neglect_reflection, notices)


def _base(header: str, given: Base | None, notices: list[str]) -> Base:
    """Return the base of an absorbance by its header or by what was given, never by a guess."""
    text = header.lower().replace("_", " ")
    decadic = re.search(r"\blog ?\(?10\b|\ba10\b|base[ -]?10\b|\bdecadic\b|\blg\b", text)
    natural = re.search(r"\bln\b|\bnatural\b|base[ -]?e\b|\bnapierian\b", text)
    if given and not (decadic or natural):
        notices.append(f"absorbance taken to base {given}, as --absorbance-base says")
    said: set[Base] = {given} if given else set()
    said |= {"10"} if decadic else set()
    said |= {"e"} if natural else set()
    if len(said) == 1:
        return said.pop()
    if said:
        raise InputError(f"{header!r} contradicts the absorbance base given ({given or 'none'})")
    raise InputError(
        f"the base of {header!r} is open; give --absorbance-base 10 or e, or write log10 or ln "
        "into the header"
    )


def _from_transmission(
    transmission: Column, reflection: Column | None, neglect: bool, notices: list[str]
) -> Floats:
    """Return -ln(T / (1 - R))."""
    t = _fraction(transmission, reflection, notices)
    if reflection is not None:
        r = _fraction(reflection, transmission, notices)
    elif neglect:
        notices.append("reflection neglected: absorption is -ln(T)")
        r = np.zeros_like(t)
    else:
        raise InputError(
            "transmission given without reflection; add the reflection, or say that it is neglected"
        )
    if t.min() <= 0 or r.max() >= 1:
        raise InputError(
            f"transmission down to {t.min():.3g} and reflection up to {r.max():.3g} (as fractions) "
            "have no logarithm; T above 0 and R below 1 expected; check the dark correction"
        )
    return np.asarray(-np.log(t / (1 - r)))


def _fraction(column: Column, other: Column | None, notices: list[str]) -> Floats:
    """Return a column as a fraction of 1, by its header, or by values that leave no doubt."""
    said = words(column.header)
    if said & {"%", "percent", "pct"}:
        return column.values / 100
    if "fraction" in said:
        return column.values
    largest = max(float(c.values.max()) for c in (column, other) if c is not None)
    if 1.05 < largest <= 2:
        raise InputError(
            f"{column.header!r} reaches {largest:g}, percent or fraction is open; write % or "
            "fraction into the header"
        )
    percent = largest > 2
    notices.append(f"{column.header!r} read as {'percent' if percent else 'a fraction'}")
    return column.values / 100 if percent else column.values
