"""What distances and elements about the absorber alone tell of a spectrum: no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit.pair import Sample
from xmodkit_xes.reading.clusters import clusters

__all__ = ["NEIGHBOURS", "radial_baselines", "radial_distribution"]

NEIGHBOURS = 5
_CENTRES_A = np.arange(1.0, 5.01, 0.2)
_WIDTH_A = 0.2
_ALPHAS = np.logspace(-2, 5, 15)

Floats = NDArray[np.float64]


def radial_baselines(
    kind: str, training: Sequence[Sample], test: Sequence[Sample]
) -> dict[str, NDArray[np.float32]]:
    """Return test spectra (samples, points) of a kind, by name of what predicts them.

    Both rest on the radial distributions of the elements about the absorber: ridge regression,
    its strength by leave-one-out on the training samples, and the mean of the nearest of them.
    Raise `MissingExtraError` without scikit-learn.
    """
    try:
        from sklearn.linear_model import RidgeCV
        from sklearn.neighbors import KNeighborsRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise MissingExtraError("baselines of a report", "scikit-learn", "train") from error
    spectra = np.stack([sample.arrays[kind][kind] for sample in training]).astype(float)
    elements = np.unique(np.concatenate([s.arrays["structure"]["numbers"] for s in training]))
    known, asked = (radial_distribution(samples, elements) for samples in (training, test))
    near = min(NEIGHBOURS, len(training))
    peers: Mapping[str, RidgeCV | KNeighborsRegressor] = {
        "ridge on radial distribution": make_pipeline(StandardScaler(), RidgeCV(_ALPHAS)),
        f"{near} nearest by radial distribution": KNeighborsRegressor(near),
    }
    return {
        name: peer.fit(known, spectra).predict(asked).astype(np.float32)
        for name, peer in peers.items()
    }


def radial_distribution(samples: Sequence[Sample], elements: NDArray[np.int32]) -> Floats:
    """Return how many atoms of each element (and of others) lie at which distance, as roots.

    Shape (samples, (elements + 1) * distances); distances are 1 to 5 Angstrom, smoothed by 0.2
    Angstrom. Of several absorbers it is the mean.
    """
    return np.stack([_distribution(sample, elements) for sample in samples])


def _distribution(sample: Sample, elements: NDArray[np.int32]) -> Floats:
    found = []
    for cluster in clusters(sample.arrays["structure"]):
        distance = np.linalg.norm(cluster["positions"][1:], axis=1)
        shells = np.exp(-0.5 * ((distance[:, None] - _CENTRES_A) / _WIDTH_A) ** 2)
        member = cluster["numbers"][1:, None] == elements  # (atom, element)
        member = np.concatenate([member, ~member.any(axis=1, keepdims=True)], axis=1)
        found.append(np.sqrt(member.T.astype(float) @ shells).ravel())
    return np.asarray(np.mean(found, axis=0))
