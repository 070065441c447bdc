"""From predicted voxel images to crystals, as the fields that are stored and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xmodkit.errors import DataError
from xmodkit.load import LoadedPredictor
from xmodkit.modality import Array
from xmodkit.pair import Predictor
from xmodkit.prediction import Prediction, Value
from xmodkit_crystal.chemistry.symmetrized import symmetrized
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.inverse import crystal_of
from xmodkit_crystal.modalities import CRYSTAL, EDGE_A, SIGMA_A, VOXELS
from xmodkit_crystal.reading.arrays import to_arrays
from xmodkit_crystal.structure import Crystal

__all__ = ["atom_width", "crystals_of", "decoded", "idealised", "predicted_crystals"]


def atom_width(predictor: Predictor) -> float:
    """Return how wide, in A, atoms are in the species' images that a model predicts (sigma)."""
    metadata = getattr(predictor, "metadata", None)
    details = {} if metadata is None else metadata.details
    return float(details.get("species_sigma", SIGMA_A))


def crystals_of(images: Mapping[str, Array], sigma: float = SIGMA_A) -> list[Crystal | None]:
    """Return the crystals of predicted fields of VOXELS (n, ...), None where images hold none.

    `sigma` is the width of atoms in the species' images, in A.
    """
    rows = zip(*(images[field.name] for field in VOXELS.fields), strict=True)
    return [_crystal(*row, sigma=sigma) for row in rows]


def predicted_crystals(
    prediction: Prediction, predictor: Predictor | LoadedPredictor
) -> list[Crystal | None]:
    """Return the crystals of what a predictor said of one sample, or of a batch.

    None where its images hold none. Those of a predictor that was loaded with `symmetrize` are
    idealised to the symmetry that they have within it.
    """
    tolerance = None
    if isinstance(predictor, LoadedPredictor):
        tolerance = getattr(predictor.pair, "symmetrize", None)
        predictor = predictor.predictor
    images = {field.name: prediction.fields[field.name].value for field in VOXELS.fields}
    if images["species"].ndim == 1:
        images = {name: image[None] for name, image in images.items()}
    return _idealised(crystals_of(images, atom_width(predictor)), tolerance)


def decoded(
    images: Mapping[str, Value], sigma: float = SIGMA_A, tolerance: float | None = None
) -> dict[str, Value]:
    """Return the fields of CRYSTAL for predicted fields of VOXELS (n, ...).

    A row without a crystal has no atoms, and a cell of NaN. `sigma` as of `crystals_of`; with a
    `tolerance` in A, crystals are idealised to the symmetry that they have within it.
    """
    found = crystals_of({field.name: images[field.name].value for field in VOXELS.fields}, sigma)
    found = _idealised(found, tolerance)
    arrays = [_NOTHING if crystal is None else to_arrays(crystal) for crystal in found]
    counts = np.array([[len(row["numbers"])] for row in arrays], np.int32)
    return {
        field.name: Value(
            _stacked([row[field.name] for row in arrays]),
            unit=field.unit,
            axes=field.axes,
            shape=counts if field.ragged else None,
        )
        for field in CRYSTAL.fields
    }


def _idealised(crystals: list[Crystal | None], tolerance: float | None) -> list[Crystal | None]:
    if tolerance is None:
        return crystals
    return [crystal and idealised(crystal, tolerance) for crystal in crystals]


def idealised(crystal: Crystal, tolerance: float) -> Crystal:
    """Return a decoded crystal with the symmetry that it has within `tolerance` A.

    It is in its canonical cell, and as decoded ones are: the atoms' mean in the middle of it.
    Where there is no such symmetry, or no canonical cell, it stays as it is.
    """
    found = symmetrized(crystal, tolerance)
    if found is crystal:
        return crystal
    try:
        whole = canonical(found)
    except DataError:
        return crystal
    fractional = np.mod(whole.fractional - whole.fractional.mean(axis=0) + 0.5, 1)
    return Crystal(whole.numbers, fractional, whole.cell)


_NOTHING: Mapping[str, Array] = {
    "numbers": np.zeros(0, np.int32),
    "fractional": np.zeros((0, 3), np.float32),
    "cell": np.full((3, 3), np.nan, np.float32),
}


def _crystal(
    cell_image: Array, species: Array, species_images: Array, *, sigma: float
) -> Crystal | None:
    used = species > 0
    try:
        return crystal_of(
            cell_image,
            species[used].tolist(),
            species_images[used],
            sigma=sigma,
            edge=EDGE_A,
            cell_sigma=SIGMA_A,
        )
    except DataError:
        return None


def _stacked(rows: Sequence[Array]) -> Array:
    """Return rows (atoms, ...) as one array (n, atoms, ...), padded with 0."""
    longest = max(len(row) for row in rows)
    return np.stack(
        [np.pad(row, [(0, longest - len(row)), *[(0, 0)] * (row.ndim - 1)]) for row in rows]
    )
