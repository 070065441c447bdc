"""Where crystals cluster in the latent space: what random latents are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit_crystal.compact import compact
from xmodkit_crystal.models.lattice.principal import PrincipalComponents

__all__ = ["Clusters"]

_MOST = 128  # clusters that a model has room for
_MOST_OF_A_KIND = 40  # of crystals with one number of species
_ROWS = 40  # training rows that a cluster takes: of fewer crystals nothing is told
_AXES = 8  # directions in which a cluster extends
_SORTED_BY = 64  # components by which clusters are found: in more there are too few rows for it
_SMALL = 1e-3


class Clusters(nn.Module):
    """Gaussian clusters in the first `count` principal components, by number of species.

    As many components are needed as crystals come back from: of 80 simulated V-O crystals 38 did
    from 64, 77 from 256. Clusters are found by a mixture in the first of them; the covariance of
    each is kept by its first eight axes.
    """

    weight: Tensor
    species: Tensor
    middle: Tensor
    axes: Tensor

    def __init__(self, size: int, count: int = 256) -> None:
        super().__init__()
        self.space = PrincipalComponents(size, count)
        self.register_buffer("weight", torch.zeros(_MOST))
        self.register_buffer("species", torch.zeros(_MOST, dtype=torch.int64))
        self.register_buffer("middle", torch.zeros(_MOST, count))
        self.register_buffer("axes", torch.zeros(_MOST, _AXES, count))

    def fit(self, vectors: Tensor, species: Tensor) -> None:
        """Find clusters of vectors (N, size) of crystals with so many species (N,)."""
        self.space.fit(vectors)
        components = self.space(vectors)
        at = 0
        for buffer in (self.weight, self.species, self.middle, self.axes):
            buffer.zero_()
        for count in sorted(set(species.tolist())):
            rows = components[species == count].numpy().astype(np.float64)
            clusters = min(_MOST_OF_A_KIND, len(rows) // _ROWS, _MOST - at)
            for own in _clustered(rows, clusters) if clusters else ():
                self._keep(at, count, len(own) / len(rows), own)
                at += 1

    def _keep(self, at: int, species: int, weight: float, rows: NDArray[np.float64]) -> None:
        middle = rows.mean(axis=0)
        _, spreads, axes = np.linalg.svd(rows - middle, full_matrices=False)
        longest = (spreads[:, None] * axes)[:_AXES] / max(1, len(rows) - 1) ** 0.5
        self.weight[at], self.species[at] = weight, species
        self.middle[at] = torch.from_numpy(middle).float()
        self.axes[at, : len(longest)] = torch.from_numpy(longest).float()

    def told(self) -> dict[str, Any]:
        """Return what random latents are drawn from as plain JSON values."""
        basis = self.space.scale[:, None] * self.space.basis * self.space.spread
        here = torch.nonzero(self.weight)[:, 0]
        return {
            "mean": [round(value, 5) for value in self.space.mean.tolist()],
            "basis": compact(basis.numpy()),
            "species": self.species[here].tolist(),
            "weight": [round(value, 6) for value in self.weight[here].tolist()],
            "middle": compact(self.middle[here].numpy()),
            "axes": compact(self.axes[here].numpy()),
        }


def _clustered(rows: NDArray[np.float64], clusters: int) -> list[NDArray[np.float64]]:
    """Return the rows of each cluster that a Gaussian mixture finds."""
    from sklearn.mixture import GaussianMixture

    first = rows[:, :_SORTED_BY]
    mixture = GaussianMixture(clusters, reg_covar=_SMALL, random_state=0).fit(first)
    labels = mixture.predict(first)
    return [rows[labels == label] for label in range(clusters) if (labels == label).any()]
