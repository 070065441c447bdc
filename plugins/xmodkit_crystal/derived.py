"""What is read off a predicted crystal: atoms, volume, shortest distance, validity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xmodkit.modality import Array, Arrays, Field
from xmodkit.prediction import Derived
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

__all__ = ["DERIVED", "derive"]

DERIVED = (
    Field("atoms", unit="1", long_name="atoms in the cell"),
    Field("volume", unit="angstrom^3", long_name="volume of the cell"),
    Field("shortest_distance", unit="angstrom", long_name="shortest distance of two atoms"),
)


def derive(fields: Arrays) -> Mapping[str, Derived]:
    """Return the scalars of crystals (n, ...) as the fields of CRYSTAL: NaN where there is none."""
    if "numbers" not in fields:
        return {}
    rows = [
        _scalars({name: fields[name][i] for name in ("numbers", "fractional", "cell")})
        for i in range(len(fields["numbers"]))
    ]
    columns = np.array(rows, np.float32).reshape(-1, len(DERIVED))
    return {
        field.name: Derived(
            column, unit=field.unit, status=np.where(np.isnan(column), "none", "value")
        )
        for field, column in zip(DERIVED, columns.T, strict=True)
    }


def _scalars(arrays: Mapping[str, Array]) -> tuple[float, ...]:
    crystal = to_crystal(arrays)
    if not len(crystal) or not np.isfinite(crystal.cell).all():
        return (np.nan,) * len(DERIVED)
    return float(len(crystal)), crystal.volume, _shortest(crystal)


def _shortest(crystal: Crystal) -> float:
    return float(separations(crystal).min())
