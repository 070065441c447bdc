"""The table of generated crystals: one row each, what a chemist asks of it first."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from xmodkit.structures.elements import symbol
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.symmetry import SpaceGroup, space_group
from xmodkit_crystal.chemistry.validity import Validity, judge
from xmodkit_crystal.structure import Crystal

__all__ = ["Row", "row", "shortest_distances", "write_csv"]


@dataclass(frozen=True)
class Row:
    """What is said of one crystal; None: not known.

    `distances` are the shortest between two species (`O-V`), in A. `stability` is a probability,
    `novelty` the model's score. `nearest` names the nearest known crystal, `nearest_rms` is the
    normalised root mean square displacement to it. `share` is how far of the way between two
    crystals it was generated, `removed` how many of its decoded atoms were merged or dropped,
    `scaled` its cell's volume over the decoded one before that.
    """

    name: str
    formula: str
    atoms: int
    space_group: SpaceGroup
    volume: float
    distances: Mapping[str, float]
    validity: Validity
    stability: float | None = None
    novelty: float | None = None
    nearest: str | None = None
    nearest_rms: float | None = None
    share: float | None = None
    removed: int = 0
    scaled: float = 1.0


def row(
    name: str,
    crystal: Crystal,
    *,
    stability: float | None = None,
    novelty: float | None = None,
    nearest: str | None = None,
    nearest_rms: float | None = None,
    share: float | None = None,
    removed: int = 0,
    scaled: float = 1.0,
    tolerance: float = 0.1,
) -> Row:
    """Return the row of a crystal with a cell and atoms; `tolerance` (A) is its space group's."""
    return Row(
        name,
        reduced_formula(crystal.numbers),
        len(crystal),
        space_group(crystal, tolerance),
        crystal.volume,
        shortest_distances(crystal),
        judge(crystal),
        stability,
        novelty,
        nearest,
        nearest_rms,
        share,
        removed,
        scaled,
    )


def shortest_distances(crystal: Crystal) -> dict[str, float]:
    """Return the shortest distance between each two species in A, by their symbols: `O-V`.

    Images count: of a lone atom of a species it is that to its own.
    """
    apart = separations(crystal)
    names = np.array([symbol(number) for number in crystal.numbers.tolist()])
    pairs = combinations_with_replacement(sorted(set(names.tolist())), 2)
    return {f"{a}-{b}": float(apart[np.ix_(names == a, names == b)].min()) for a, b in pairs}


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write rows as a table, one column for each two species that occur: `O-V (A)`."""
    pairs = sorted({pair for found in rows for pair in found.distances})
    header = [
        "name",
        "formula",
        "atoms",
        "space_group",
        "space_group_number",
        "volume (A^3)",
        *(f"{pair} (A)" for pair in pairs),
        "oxidation_sum",
        "stability",
        "novelty",
        "nearest",
        "nearest_rms",
        "share",
        "removed",
        "scaled",
        "valid",
        "reasons",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(_cells(found, pairs) for found in rows)


def _cells(found: Row, pairs: Sequence[str]) -> list[str]:
    return [
        found.name,
        found.formula,
        str(found.atoms),
        found.space_group.symbol,
        str(found.space_group.number),
        f"{found.volume:.3f}",
        *(_number(found.distances.get(pair), 3) for pair in pairs),
        f"{found.validity.oxidation_sum:g}",
        _number(found.stability, 4),
        _number(found.novelty, 4),
        found.nearest or "",
        _number(found.nearest_rms, 4),
        "" if found.share is None else f"{found.share:.4g}",
        str(found.removed),
        f"{found.scaled:.4g}",
        "yes" if found.validity.valid else "no",
        " ".join(found.validity.reasons),
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
