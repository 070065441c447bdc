"""Crystals that came back through a model, each beside the one that went in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Candidate
from xmodkit.pair import Sample
from xmodkit_crystal.chemistry.matching import PUBLISHED, Tolerances, match
from xmodkit_crystal.decode import crystals_of
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.modalities import SIGMA_A, VOXELS
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

__all__ = ["RECONSTRUCTION", "STRICT", "Comparison", "reconstructed"]

RECONSTRUCTION = "crystal:crystal"
STRICT = Tolerances(stol=0.2)

_AT_ONCE = 16  # crystals whose images are in memory: five of 64^3 voxels each

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What became of crystals in their canonical form: None where images held no crystal."""

    before: Sequence[Crystal]
    after: Sequence[Crystal | None]

    @cached_property
    def displacements(self) -> Floats:
        """Normalised root mean square displacements (n,) with stol 0.5, NaN without a match."""
        return self._matched(PUBLISHED)

    @cached_property
    def strict(self) -> Floats:
        """The same with stol 0.2."""
        return self._matched(STRICT)

    @cached_property
    def same_atoms(self) -> NDArray[np.bool_]:
        """Whether as many atoms of each element came back (n,)."""
        pairs = zip(self.before, self.after, strict=True)
        return np.array(
            [b is not None and sorted(a.numbers) == sorted(b.numbers) for a, b in pairs]
        )

    @cached_property
    def edges(self) -> Floats:
        """By what share of its length each edge is off (n, 3), signed; NaN without a crystal."""
        return self._off(lambda a, b: b.lengths / a.lengths - 1)

    @cached_property
    def angles(self) -> Floats:
        """By how many degrees each angle of the cell is off (n, 3), signed."""
        return self._off(lambda a, b: b.angles - a.angles)

    def _matched(self, tolerances: Tolerances) -> Floats:
        pairs = zip(self.before, self.after, strict=True)
        found = [None if b is None else match(a, b, tolerances) for a, b in pairs]
        return np.array([np.nan if rms is None else rms for rms in found])

    def _off(self, difference: Callable[[Crystal, Crystal], Floats]) -> Floats:
        pairs = zip(self.before, self.after, strict=True)
        return np.array([np.full(3, np.nan) if b is None else difference(a, b) for a, b in pairs])


def reconstructed(run: Candidate, samples: Sequence[Sample]) -> Comparison:
    """Return what a run makes of crystals on its way through the latent and back."""
    width = run.model.details(RECONSTRUCTION, []).get("species_sigma", SIGMA_A)
    after: list[Crystal | None] = []
    for start in range(0, len(samples), _AT_ONCE):
        found = run.predict(RECONSTRUCTION, samples[start : start + _AT_ONCE], None).fields
        images = {field.name: found[field.name].value for field in VOXELS.fields}
        after += crystals_of(images, width)
    before = [canonical(to_crystal(sample.arrays["crystal"])) for sample in samples]
    return Comparison(before, after)
