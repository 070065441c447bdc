"""What is read off a predicted crystal, and how it compares with the one that was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np

from xmodkit.modality import Arrays, Field
from xmodkit.prediction import Derived
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.chemistry.matching import match
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

__all__ = ["COMPARED", "DERIVED", "compare", "derive"]

# Of the given crystal's volume per atom. Matching scales volumes, and takes minutes for cells that
# have nearly none.
_LEAST_VOLUME = 1 / 3

# Of a crystal that came back through its latent, in front of what is told of it alone.
COMPARED = (
    Field("match_rms", unit="1", long_name="normalised rms displacement to the crystal given"),
    Field("atoms_given", unit="1", long_name="atoms in the primitive cell of the crystal given"),
)

DERIVED = (
    Field("atoms", unit="1", long_name="atoms in the cell"),
    Field("volume", unit="angstrom^3", long_name="volume of the cell"),
    Field("shortest_distance", unit="angstrom", long_name="shortest distance of two atoms"),
)


def derive(fields: Arrays) -> Mapping[str, Derived]:
    """Return the scalars of crystals (n, ...) as the fields of CRYSTAL: NaN where there is none."""
    if "numbers" not in fields:
        return {}
    return _columns(DERIVED, [_scalars(crystal) for crystal in _crystals(fields)])


def compare(given: Sequence[Crystal], fields: Arrays) -> Mapping[str, Derived]:
    """Return how crystals (n, ...) as the fields of CRYSTAL compare with those that were given.

    The displacement is StructureMatcher's, NaN where the two do not match. Raise
    `MissingExtraError` without pymatgen or spglib.
    """
    pairs = zip(map(canonical, given), _crystals(fields), strict=True)
    rows = [(_displacement(one, other), float(len(one))) for one, other in pairs]
    return _columns(COMPARED, rows)


def _crystals(fields: Arrays) -> Iterator[Crystal]:
    names = ("numbers", "fractional", "cell")
    return (
        to_crystal({name: fields[name][i] for name in names}) for i in range(len(fields["numbers"]))
    )


def _columns(declared: Sequence[Field], rows: Sequence[Sequence[float]]) -> dict[str, Derived]:
    columns = np.array(rows, np.float32).reshape(-1, len(declared))
    return {
        field.name: Derived(
            column, unit=field.unit, status=np.where(np.isnan(column), "none", "value")
        )
        for field, column in zip(declared, columns.T, strict=True)
    }


def _scalars(crystal: Crystal) -> tuple[float, ...]:
    if not _is_there(crystal):
        return (np.nan,) * len(DERIVED)
    return float(len(crystal)), crystal.volume, float(separations(crystal).min())


def _displacement(given: Crystal, found: Crystal) -> float:
    if not _is_there(found) or _shares(given) != _shares(found):
        return np.nan
    if found.volume / len(found) < _LEAST_VOLUME * given.volume / len(given):
        return np.nan
    rms = match(given, found)
    return np.nan if rms is None else round(rms, 6)  # what is left is rounding


def _is_there(crystal: Crystal) -> bool:
    return len(crystal) > 0 and bool(np.isfinite(crystal.cell).all())


def _shares(crystal: Crystal) -> dict[int, Fraction]:
    counts = Counter(crystal.numbers.tolist())
    return {number: Fraction(count, len(crystal)) for number, count in counts.items()}
