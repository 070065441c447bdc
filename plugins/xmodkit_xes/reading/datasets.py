"""A laboratory's own set: a table that says which structure and which spectra belong together."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError, UsageError
from xmodkit.inputs import real_path
from xmodkit.modality import Array
from xmodkit.pair import Failure, Options, Sample
from xmodkit.reading import describe
from xmodkit.structures.elements import symbol
from xmodkit_xes.modalities import SPECTRA
from xmodkit_xes.reading.absorbers import Absorber
from xmodkit_xes.reading.columns import read_text
from xmodkit_xes.reading.grids import Normalisation, even_grid, normalise, resample
from xmodkit_xes.reading.molecules import skeleton
from xmodkit_xes.reading.spectra import read_curve
from xmodkit_xes.reading.structures import read_structures

__all__ = ["TABLE_SUFFIXES", "Grids", "is_table", "read_table"]

Floats = NDArray[np.float64]

TABLE_SUFFIXES = (".csv", ".tsv")
_KINDS = tuple(modality.name for modality in SPECTRA)
_COARSE = 2.0  # times the steps of a curve
_NAMES = ("sample_id", "sample", "name", "id")
_GROUPS = ("unit", "system")
_READ = frozenset({*_KINDS, *_NAMES, *_GROUPS, "structure", "site", "absorber", "simulated"})
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})


@dataclass
class Grids:
    """The energies onto which each kind of spectrum is put: as given, or the first curve's."""

    energies: dict[str, Floats] = field(default_factory=dict)
    normalisation: Normalisation | None = None

    @classmethod
    def of(cls, texts: Sequence[str], normalisation: Normalisation | None = None) -> Grids:
        """Return the grids written as `KIND=LOW:HIGH:POINTS`; raise `UsageError` for others."""
        grids = {}
        for text in texts:
            kind, _, numbers = text.partition("=")
            try:
                low, high, points = numbers.split(":")
                if kind not in _KINDS:
                    raise InputError(f"kind {kind!r}")
                grids[kind] = even_grid(float(low), float(high), int(points))
            except ValueError as error:
                raise UsageError(
                    f"--energies {text!r} given, KIND=LOW:HIGH:POINTS expected with KIND one of "
                    f"{', '.join(_KINDS)} ({error})"
                ) from error
        return cls(grids, normalisation)

    def put(self, kind: str, energy: Floats, values: Floats) -> NDArray[np.float32]:
        """Return a curve on the grid of its kind, normalised there if that is asked for.

        It is linear between points; on a grid of twice its steps or more, the means of that line
        around each energy keep what would fall between them.
        """
        grid = self.energies.setdefault(kind, energy)
        coarse = np.ptp(grid) / (grid.size - 1) >= _COARSE * np.ptp(energy) / (energy.size - 1)
        curve = resample(energy, values, grid, conserve=bool(coarse))
        if self.normalisation is not None:
            curve = normalise(grid, curve, self.normalisation)
        return curve.astype(np.float32)


def is_table(path: Path) -> bool:
    """Return whether a file is a table of samples: its first line has a column `structure`."""
    if path.suffix.lower() not in TABLE_SUFFIXES:
        return False
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline(100_000)
    except (OSError, UnicodeDecodeError):
        return False
    return "structure" in _plain(first.split(_delimiter(first)))


def read_table(
    path: Path, grids: Grids, options: Options, used: set[Path]
) -> Iterator[Sample | Failure]:
    """Yield the samples of a table of text (commas, semicolons or tabs), one per line.

    Columns: `structure` (a file beside the table), `site` (index of the absorbing atom, from 0)
    or `absorber` (an element, all of whose atoms absorb), one or several of `xes`, `xanes`, `xas`
    and `xps` (files of one spectrum each), and as wanted `sample_id`, `unit` (what a split keeps
    together: by default the molecule's skeleton if there is `smiles`, else the formula),
    `system`, `simulated` (no), `smiles`, `data` and `licence`. Others are kept as metadata.
    Spectra are put onto `grids` (`Grids.put`). Files named are added to `used`.

    A line that cannot be read is a failure; raise `InputError` where the table cannot be.
    """
    text = read_text(path)
    rows = csv.reader(StringIO(text), delimiter=_delimiter(text.partition("\n")[0]))
    header = _plain(next(rows))
    kinds = [kind for kind in _KINDS if kind in header]
    if not kinds or not {"site", "absorber"} & set(header):
        raise InputError(
            f"{path}: columns {', '.join(header)} given; structure, site or absorber, and one of "
            f"{', '.join(_KINDS)} expected"
        )
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        line = rows.line_num
        known = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        name = next((known[key] for key in _NAMES if known.get(key)), f"{path.stem}-{line}")
        used.update(
            real_path(path.parent / known[what])
            for what in ("structure", *kinds)
            if known.get(what)
        )
        try:
            if len(cells) != len(header):
                raise InputError(f"{len(cells)} values given, {len(header)} as in the header")
            yield _sample(path, line, name, known, kinds, grids, options)
        except (UsageError, MissingExtraError):
            raise
        except Exception as error:  # one bad line never stops a table
            why = describe(error, f"{path}, line {line}")
            yield Failure(name, str(path), why, line)


def _plain(header: Sequence[str]) -> list[str]:
    return ["_".join(name.strip().lower().split()) for name in header]


def _delimiter(first: str) -> str:
    return max(",;\t", key=first.count)


def _sample(
    path: Path,
    line: int,
    name: str,
    known: Mapping[str, str],
    kinds: Sequence[str],
    grids: Grids,
    options: Options,
) -> Sample:
    missing = [what for what in ("structure", *kinds) if not known.get(what)]
    if missing:
        raise InputError(f"no file under {' and '.join(missing)}; name it, or leave the line out")
    file = path.parent / known["structure"]
    given = _structure(file, known)
    structure = given.arrays["structure"]
    formula, system = _composition(structure["numbers"])
    molecule = skeleton(known["smiles"]) if known.get("smiles") else formula
    curves = {kind: read_curve(path.parent / known[kind], options) for kind in kinds}
    return Sample(
        name,
        {
            "structure": structure,
            **{kind: {kind: grids.put(kind, c.energy, c.values)} for kind, c in curves.items()},
        },
        source=str(path),
        ordinal=line,
        metadata={**given.metadata, "formula": formula, **_metadata(known)},
        groups={
            "unit": known.get("unit") or molecule,
            "structure": file.stem,
            "system": known.get("system") or system,
        },
        notices=(*given.notices, *(text for curve in curves.values() for text in curve.notices)),
        coordinates={f"{kind}_energy": tuple(map(float, grids.energies[kind])) for kind in kinds},
    )


def _structure(file: Path, known: Mapping[str, str]) -> Sample:
    """Return the one structure of a file with the absorbing atoms that the line names."""
    absorber = ":".join(known[key] for key in ("absorber", "site") if known.get(key))
    if not absorber:
        raise InputError("neither site nor absorber given; name the absorbing atoms")
    found = list(islice(read_structures(file, Absorber.parse(absorber)), 2))
    if len(found) > 1:
        raise InputError(f"{file} holds several structures; one per file expected")
    if isinstance(found[0], Failure):
        raise InputError(found[0].error)
    return found[0]


def _composition(numbers: Array) -> tuple[str, str]:
    """Return the reduced formula and the chemical system: `Cu1O1` and `Cu-O`."""
    elements, counts = np.unique(numbers, return_counts=True)
    least = np.gcd.reduce(counts)
    named = sorted(zip(map(symbol, map(int, elements)), counts // least, strict=True))
    return "".join(f"{name}{count}" for name, count in named), "-".join(name for name, _ in named)


def _metadata(known: Mapping[str, str]) -> dict[str, Any]:
    """Return what else a line says: a table's own columns, and whether its spectra are made up."""
    simulated = known.get("simulated", "").lower()
    if simulated not in _YES | _NO:
        raise InputError(f"simulated {simulated!r} given, yes or no expected")
    others = {key: text for key, text in known.items() if key not in _READ and key and text}
    return others | {"simulated": simulated in _YES}
