"""The atoms around each absorber: what a graph takes of a structure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.modality import Array, Arrays
from xmodkit.structures.periodic import images
from xmodkit_xes.modalities import CLUSTER_RADIUS_A

__all__ = ["MOST_NEIGHBOURS", "clusters"]

# Diamond, the densest of solids, holds 160 atoms within 6 Angstrom; crowded ones have wrong units.
MOST_NEIGHBOURS = 600
_SAME_A = 1e-4  # atoms whose distances differ by less count as equally far


def clusters(structure: Arrays, radius: float = CLUSTER_RADIUS_A) -> list[dict[str, Array]]:
    """Return, site by site, the atoms within `radius` (Angstrom) of an absorber.

    `structure` holds the fields of STRUCTURE: `numbers` (atom), `positions` (atom, xyz), `cell`
    (zero vectors along directions that do not repeat) and `sites` (site). Each cluster holds
    `numbers` int32 (n,) and `positions` float32 (n, 3) relative to its absorber, which is the
    first; the others follow by distance, equally far ones by atomic number, then x, y and z.
    Raise `InputError` for a crowd of atoms, `MissingExtraError` without SciPy.
    """
    try:
        from scipy.spatial import cKDTree
    except ImportError as error:
        raise MissingExtraError("finding neighbours", "scipy", "xes") from error
    sites = structure["sites"][structure["sites"] >= 0].astype(np.int64)
    if not sites.size:
        return []
    positions = structure["positions"].astype(np.float64)
    copies, index, centres = images(positions, structure["cell"].astype(float), sites, radius)
    tree = cKDTree(copies)
    counts = tree.query_ball_point(centres, radius, return_length=True)
    if (most := int(counts.max())) > MOST_NEIGHBOURS:
        raise InputError(
            f"{most:,} atoms within {radius:g} A of atom {sites[counts.argmax()]}, "
            f"{MOST_NEIGHBOURS} at most; are the positions in Angstrom?"
        )
    numbers = structure["numbers"][index]
    near = tree.query_ball_point(centres, radius)
    return [
        _sorted(numbers[around], copies[around] - centre)
        for around, centre in zip(near, centres, strict=True)
    ]


def _sorted(numbers: NDArray[np.int32], places: NDArray[np.float64]) -> dict[str, Array]:
    distance = np.linalg.norm(places, axis=1)
    x, y, z = np.rint(places.T / _SAME_A)
    shell = np.rint(distance / _SAME_A)
    order = np.lexsort((z, y, x, -numbers, shell))
    sorted_places = places[order]
    sorted_places[0] = 0.0
    return {
        "numbers": np.ascontiguousarray(numbers[order], np.int32),
        "positions": np.ascontiguousarray(sorted_places, np.float32),
    }
