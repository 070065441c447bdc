"""From latents to candidates: decoded, cleaned, judged, ranked, each structure once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array
from xmodkit.pair import Predictor
from xmodkit.prediction import Prediction
from xmodkit_crystal.chemistry.cleaning import clean
from xmodkit_crystal.chemistry.matching import Tolerances, unique
from xmodkit_crystal.chemistry.symmetrized import symmetrized
from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.decode import atom_width, crystals_of
from xmodkit_crystal.generate.scaled import sized
from xmodkit_crystal.modalities import VOXELS
from xmodkit_crystal.origin import from_an_atom
from xmodkit_crystal.structure import Crystal

__all__ = ["Candidate", "candidates_of"]

# pymatgen's own: those by which reconstructions are judged are wide enough to merge polymorphs.
_DUPLICATES = Tolerances(stol=0.3, ltol=0.2, angle_tol=5.0)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A generated crystal: which of the latents it is of, and what the model says of it.

    `removed` is how many of the atoms that were decoded cleaning has merged or dropped: if there
    are any, the latent is that of a crystal with them. `scaled` is the volume over the decoded one
    where the cell was scaled to its elements, else 1. NaN where the model says nothing.
    """

    number: int
    latent: NDArray[np.float32]
    crystal: Crystal
    removed: int
    scaled: float
    valid: bool
    stability: float
    novelty: float
    novel: bool


def candidates_of(
    predictor: Predictor,
    latents: NDArray[np.float32],
    batch: int,
    *,
    usual: Collection[int] | None = None,
    tolerance: float | None = None,
) -> tuple[list[Candidate], dict[str, int]]:
    """Decode latents (n, size), `batch` at once; return what is left, the best first, and counts.

    Valid ones come first, then stable ones, then those that are most like what the model has
    seen: its stability means most there. Of duplicates the best stays. Cells of crystals that are
    not of the `usual` elements, where these are known, are scaled to their own (see `sized`). With
    a `tolerance`, in A, crystals are brought to the symmetry that they have within it. Counted:
    `drawn` latents, `empty` ones without a crystal, `deformed` cells, `duplicates`, and the `valid`
    that are left.
    """
    counts = {"drawn": len(latents), "empty": 0, "deformed": 0}
    found = []
    for number, crystal, told in _decoded(predictor, latents, batch):
        if crystal is None:
            counts["empty"] += 1
            continue
        fitting = crystal if usual is None else sized(crystal, usual)
        cleaned = clean(fitting)
        if not len(cleaned):
            counts["empty"] += 1
            continue
        removed = len(crystal) - len(cleaned)
        factor = 1.0 if fitting is crystal else fitting.volume / crystal.volume
        validity = judge(cleaned)
        if np.isnan(validity.oxidation_sum):  # judged no further: nothing can be said of it
            counts["deformed"] += 1
            continue
        if tolerance is not None:
            cleaned = symmetrized(cleaned, tolerance)
            validity = judge(cleaned)
        found.append(
            Candidate(
                number,
                latents[number],
                from_an_atom(cleaned),
                removed,
                factor,
                validity.valid,
                _scalar(told.fields["stability"].value if "stability" in told.fields else None),
                _scalar(told.novelty),
                bool(np.any(told.novel)),
            )
        )
    ranked = sorted(found, key=_rank)
    left = [ranked[i] for i in unique([one.crystal for one in ranked], _DUPLICATES)]
    counts["duplicates"] = len(ranked) - len(left)
    counts["valid"] = sum(one.valid for one in left)
    return left, counts


def _decoded(
    predictor: Predictor, latents: NDArray[np.float32], batch: int
) -> Iterator[tuple[int, Crystal | None, Prediction]]:
    """Yield the number of each latent, the crystal it decodes to, and what is predicted for it."""
    (field,), sigma = predictor.inputs, atom_width(predictor)
    for start in range(0, len(latents), batch):
        rows = predictor.run({field.name: latents[start : start + batch]})
        images = {name.name: rows.fields[name.name].value for name in VOXELS.fields}
        for offset, crystal in enumerate(crystals_of(images, sigma)):
            yield start + offset, crystal, rows[offset]


def _rank(candidate: Candidate) -> tuple[bool, float, float, int]:
    """Return what candidates are sorted by, the best lowest; NaN counts as the worst."""
    unstable = np.nan_to_num(1 - candidate.stability, nan=2.0)
    unlike = np.nan_to_num(candidate.novelty, nan=np.inf)
    return (not candidate.valid, float(unstable), float(unlike), candidate.number)


def _scalar(value: Array | None) -> float:
    return float("nan") if value is None else float(value)
