"""What is known of judged crystals, and from what energy on their model calls them stable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Candidate
from xmodkit.pair import Sample
from xmodkit_crystal.modalities import STABILITY as _STABILITY

__all__ = ["ENERGY", "STABILITY", "energies", "stable_below"]

STABILITY, ENERGY = (field.name for field in _STABILITY.fields)


def energies(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return energies of formation (n,) in eV/atom, NaN where they are not known."""
    known = [sample.metadata.get(ENERGY) for sample in samples]
    return np.array([np.nan if energy is None else float(energy) for energy in known])


def stable_below(run: Candidate) -> float:
    """Return the energy in eV/atom under which a run's model counts a crystal as stable."""
    owner: Any = getattr(run.model, "head", run.model)
    return float(owner.stable_below)
