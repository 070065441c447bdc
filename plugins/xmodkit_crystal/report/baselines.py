"""What the formula alone tells of an energy of formation: no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit.modality import Arrays
from xmodkit.pair import Route, Sample
from xmodkit_crystal.report.known import ENERGY, energies

__all__ = ["crystal_baselines", "element_shares"]

_ALPHAS = np.logspace(-6, 2, 17)
_AT_ONCE = 256  # crystals compared with all known ones at a time
_EQUAL = 1e-9  # squared distances of shares that differ by rounding alone

Floats = NDArray[np.float64]


def crystal_baselines(
    route: Route, training: Sequence[Sample], test: Sequence[Sample]
) -> dict[str, Arrays]:
    """Return energies of formation (eV/atom) of test crystals, by name of what predicts them.

    Both see shares of elements alone and are fitted on training crystals of known energy: ridge
    regression, its strength by leave-one-out, and the mean of all crystals whose shares are
    equally near. Routes that predict no energy, and sets without one, have no baseline. Raise
    `MissingExtraError` without scikit-learn.
    """
    if route.target not in ("latent", "stability"):
        return {}
    energy = energies(training)
    known = [sample for sample, there in zip(training, ~np.isnan(energy), strict=True) if there]
    if not known or not all("crystal" in sample.arrays for sample in (*known, *test)):
        return {}
    energy = energy[~np.isnan(energy)]
    elements = np.unique(np.concatenate([_numbers(sample) for sample in known]))
    shares, asked = (element_shares(samples, elements) for samples in (known, test))
    found = {
        "ridge on composition": _ridge(shares, energy, asked),
        "nearest by composition": _nearest(shares, energy, asked),
    }
    return {name: {ENERGY: values.astype(np.float32)} for name, values in found.items()}


def element_shares(samples: Sequence[Sample], elements: NDArray[np.integer]) -> Floats:
    """Return which share of the atoms is of each element, then of others (n, elements + 1)."""
    counts = [(_numbers(sample)[:, None] == elements).mean(axis=0) for sample in samples]
    shares = np.stack(counts)
    return np.column_stack([shares, 1 - shares.sum(axis=1)])


def _numbers(sample: Sample) -> NDArray[np.integer]:
    numbers = np.asarray(sample.arrays["crystal"]["numbers"])
    return numbers[numbers > 0]  # atoms of number 0 only pad


def _ridge(shares: Floats, energy: Floats, asked: Floats) -> Floats:
    try:
        from sklearn.linear_model import RidgeCV
    except ImportError as error:
        raise MissingExtraError("baselines of a report", "scikit-learn", "train") from error
    return np.asarray(RidgeCV(_ALPHAS).fit(shares, energy).predict(asked))


def _nearest(shares: Floats, energy: Floats, asked: Floats) -> Floats:
    parts = [asked[i : i + _AT_ONCE] for i in range(0, len(asked), _AT_ONCE)]
    return np.concatenate([_nearest_of(shares, energy, part) for part in parts])


def _nearest_of(shares: Floats, energy: Floats, asked: Floats) -> Floats:
    squares = (asked**2).sum(axis=1)[:, None] + (shares**2).sum(axis=1) - 2 * asked @ shares.T
    near = squares <= squares.min(axis=1, keepdims=True) + _EQUAL
    return np.asarray(near @ energy / near.sum(axis=1))
