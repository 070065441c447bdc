"""Read measured X-ray spectra: columns of text, Athena's files, XDI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Option, Options, Route, Sample
from xmodkit_xes.reading.columns import NumberTable, read_columns

__all__ = ["SPECTRUM_OPTIONS", "SPECTRUM_SUFFIXES", "Curve", "read_curve", "read_spectra"]

SPECTRUM_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".nor", ".xmu", ".xdi")

SPECTRUM_OPTIONS = (
    Option(
        "column",
        "Label of the column that is the spectrum; else every one that looks like one.",
        commands=("infer", "ingest"),
    ),
    Option(
        "energy-unit",
        "Unit of a spectrum's energies where its file does not say.",
        commands=("infer", "ingest"),
        choices=("eV", "keV"),
    ),
)

Floats = NDArray[np.float64]

_LEAST_POINTS = 10
# Words of labels. Of absolute and relative energies (FEFF: omega, e) the first is meant.
_ENERGIES = ("omega", "energy", "ev", "kev", "photon", "e")
_NOT_ENERGIES = frozenset({"k", "wavenumber", "r", "q"})
# Where a file holds one of these it is the spectrum, and its other columns were made from it.
_SPECTRA = (
    ("norm", "normalized", "normalised", "nor"),
    ("flat",),
    ("mu", "xmu", "mutrans", "mufluor", "absorption"),
    ("emission", "intensity"),
)
_BESIDE = frozenset(
    {
        *("i0", "i1", "i2", "it", "itrans", "if", "ifluor", "ir", "irefer", "murefer", "monitor"),
        *("err", "error", "sigma", "std", "stddev", "uncertainty", "weight", "time", "seconds"),
        *("bkg", "nbkg", "fbkg", "background", "der", "nder", "sec", "nsec"),
        *("pre", "post", "mu0", "chi", "k", "e", "angle", "index", "point"),
    }
)
# Numbers alone: nobody measures a K edge below 50 eV (Li has 55), or above 120 keV (U has 116).
_SURELY_KEV, _SURELY_EV = 50.0, 120.0


@dataclass(frozen=True, eq=False)
class Curve:
    """A measured curve: rising energies (points,) in eV and values (points,).

    `notices` say what was assumed, `fields` are those of the file's header.
    """

    label: str
    energy: Floats
    values: Floats
    notices: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


def read_spectra(path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
    """Yield the spectra of a text file, one per column, as samples of the route's source.

    The file (CSV, TSV, white space, Athena's .nor and .xmu, XDI) has one column of energies and
    one or several of spectra. `Sample.coordinates` are its own energies in eV, put in rising
    order; a point measured twice counts as its mean. The unit comes from the header, the option
    `energy_unit`, or else from the range of values, with a notice. A column that cannot be a
    spectrum is a failure.

    Raise `InputError` where the file as a whole cannot be read.
    """
    kind = route.source
    curves = _read(path, options)
    for place, (label, curve) in enumerate(curves):
        name = path.stem if len(curves) == 1 else f"{path.stem}-{label}"
        if isinstance(curve, InputError):
            yield Failure(name, str(path), str(curve), place)
            continue
        yield Sample(
            name,
            {kind: {kind: curve.values.astype(np.float32)}},
            source=str(path),
            ordinal=place,
            metadata=_metadata(curve),
            groups={"unit": path.stem, "structure": name},
            notices=curve.notices,
            coordinates={f"{kind}_energy": tuple(float(point) for point in curve.energy)},
        )


def read_curve(path: Path, options: Options) -> Curve:
    """Return the one curve of a file, read as `read_spectra` does; raise `InputError` else."""
    curves = _read(path, options)
    if len(curves) > 1:
        raise InputError(
            f"{path}: spectra {', '.join(label for label, _ in curves[:8])} given, one expected; "
            "name it with --column"
        )
    curve = curves[0][1]
    if isinstance(curve, InputError):
        raise curve
    return curve


def _read(path: Path, options: Options) -> list[tuple[str, Curve | InputError]]:
    """Return every curve of a file by its label, or why it is none."""
    table = read_columns(path)
    labels = table.labels or tuple(
        "energy" if i == 0 else f"column {i + 1}" for i in range(table.values.shape[1])
    )
    place = _energy_column(path, labels)
    energy = table.values[:, place]
    if not np.isfinite(energy).all():
        line = int(np.flatnonzero(~np.isfinite(energy))[0])
        raise InputError(f"{path}: energy missing at point {line + 1}; complete or leave it out")
    unit, notices = _unit(path, labels[place], energy, options.get("energy_unit"))
    energy = energy * unit
    found: list[tuple[str, Curve | InputError]] = []
    for i in _spectrum_columns(path, labels, place, table, options.get("column")):
        label = labels[i].rstrip(":")
        try:
            x, y, more = _in_order(energy, table.values[:, i])
        except InputError as error:
            found.append((label, InputError(f"{path}: {label}: {error}")))
        else:
            found.append((label, Curve(label, x, y, (*notices, *more), table.fields)))
    return found


def _words(label: str) -> list[str]:
    return re.findall(r"[a-zα-ωµ]+\d*", label.lower().replace("µ", "mu"))


def _energy_column(path: Path, labels: Sequence[str]) -> int:
    """Return the column of energies: the one whose label says so, else the first."""
    words = [_words(label) for label in labels]
    for wanted in _ENERGIES:
        for place, found in enumerate(words):
            if found and (wanted in found if wanted != "e" else found[0] == "e"):
                return place
    if words[0] and words[0][0] in _NOT_ENERGIES:
        raise InputError(
            f"{path}: columns {', '.join(labels[:6])} given; energies expected, as of mu(E) and "
            "not of chi(k) or chi(R)"
        )
    return 0


def _unit(
    path: Path, label: str, energy: Floats, given: str | None
) -> tuple[float, tuple[str, ...]]:
    """Return what turns energies into eV, and a notice if that was assumed."""
    words, middle = _words(label), float(np.median(energy))
    if energy.min() <= 0:
        raise InputError(
            f"{path}: energies from {energy.min():g} given, absolute ones expected; add the "
            "energy of the edge"
        )
    written = "keV" if "kev" in words else "eV" if "ev" in words else given
    if written:
        return (1000.0 if written == "keV" else 1.0), ()
    if _SURELY_KEV <= middle < _SURELY_EV:
        raise InputError(
            f"{path}: energies around {middle:g} could be eV or keV; say which with --energy-unit"
        )
    guessed = "keV" if middle < _SURELY_KEV else "eV"
    text = f"unit of energies not given: around {middle:.6g} taken as {guessed}"
    return (1000.0 if guessed == "keV" else 1.0), (text,)


def _spectrum_columns(
    path: Path, labels: Sequence[str], energy: int, table: NumberTable, chosen: str | None
) -> list[int]:
    """Return the columns that are spectra: the one asked for, a known one, else all but beside."""
    others = [i for i in range(len(labels)) if i != energy]
    if chosen is not None:
        named = [i for i in others if labels[i].lower() == chosen.lower()]
        if not named:
            have = ", ".join(labels[i] for i in others[:12])
            raise InputError(f"{path}: no column {chosen!r}; it has {have}")
        return named[:1]
    for known in _SPECTRA:
        best = [i for i in others if labels[i].lower() in known]
        if best:
            return best[:1]
    filled = [i for i in others if np.isfinite(table.values[:, i]).any()]
    spectra = [i for i in filled if not (_words(labels[i]) and _words(labels[i])[0] in _BESIDE)]
    if not spectra:
        have = ", ".join(labels[i] for i in others[:12])
        raise InputError(
            f"{path}: columns {have} beside the energy, none of them a spectrum; make mu(E) of "
            "raw counts first, or name one with --column"
        )
    return spectra


def _in_order(energy: Floats, values: Floats) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return a curve with energies rising, each once, and a notice if some came twice."""
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        raise InputError(
            f"no value at {energy[missing[0]]:g} eV ({missing.size} of {values.size} points); "
            "complete them or leave those points out"
        )
    points, place = np.unique(energy, return_inverse=True)
    if points.size < _LEAST_POINTS:
        raise InputError(f"{points.size} points given, at least {_LEAST_POINTS} expected")
    means = np.bincount(place, values) / np.bincount(place)
    if np.ptp(means) == 0:
        raise InputError(f"the same value {means[0]:g} everywhere; a spectrum expected")
    twice = values.size - points.size
    notices = (f"{twice} energies came more than once: their means are taken",) if twice else ()
    return points, means, notices


def _metadata(curve: Curve) -> dict[str, Any]:
    """Return what the header tells: the absorbing element and its edge, the sample's name."""
    wanted = {"element.symbol": "absorber", "element.edge": "edge", "sample.name": "sample"}
    told = {name: curve.fields[key] for key, name in wanted.items() if curve.fields.get(key)}
    return {"column": curve.label, "simulated": False, **told}
