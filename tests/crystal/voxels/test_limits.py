import numpy as np
import pytest

from xmodkit.errors import InputError
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import check_limits


def line(count: int, cell: float, species: int = 1, along: float = 1.0) -> Crystal:
    places = np.linspace(0, along, count)[:, None] * [1.0, 0, 0]
    return Crystal(np.arange(count) % species + 1, places, cell * np.eye(3))


def test_what_fits_passes() -> None:
    check_limits(line(20, 10.0, species=5))


@pytest.mark.parametrize(
    ("crystal", "reason"),
    [
        (line(0, 5.0), "no atoms"),
        (line(21, 10.0), "21 atoms in the cell, at most 20"),
        (line(2, 10.01), "a cell edge of 10.01 A, at most 10 A"),
        (line(6, 9.0, species=6), "6 species, at most 5"),
        (line(2, 9.0, along=1.6), "atoms span 14.40 A, at most 13.5 A"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(crystal: Crystal, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_limits(crystal)


def test_a_models_own_limits_count() -> None:
    check_limits(line(30, 11.5), most_atoms=30, longest_edge=12.0, span=20.0)
