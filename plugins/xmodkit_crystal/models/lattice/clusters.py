"""Where crystals cluster in the latent space: what random latents are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["Clusters"]

_MOST = 128  # clusters that a model has room for
_MOST_OF_A_KIND = 40  # of crystals with one number of species
_ROWS = 40  # training rows that a cluster takes: of fewer crystals nothing is told
_AXES = 8  # directions in which a cluster extends
_SMALL = 1e-3


class Clusters(nn.Module):
    """Gaussian mixtures of whitened components, one for each number of species in a crystal.

    The covariance of a cluster is kept by its first eight axes.
    """

    weight: Tensor
    species: Tensor
    mean: Tensor
    axes: Tensor

    def __init__(self, components: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(_MOST))
        self.register_buffer("species", torch.zeros(_MOST, dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(_MOST, components))
        self.register_buffer("axes", torch.zeros(_MOST, _AXES, components))

    def fit(self, components: Tensor, species: Tensor) -> None:
        """Fit mixtures to whitened components (N, k) of crystals with so many species (N,)."""
        from sklearn.mixture import GaussianMixture

        at = 0
        self.weight.zero_()
        for count in sorted(set(species.tolist())):
            rows = components[species == count].numpy().astype(np.float64)
            clusters = min(_MOST_OF_A_KIND, len(rows) // _ROWS, _MOST - at)
            if not clusters:
                continue
            mixture = GaussianMixture(clusters, reg_covar=_SMALL, random_state=0).fit(rows)
            values, vectors = np.linalg.eigh(mixture.covariances_)  # ascending
            axes = np.sqrt(values)[:, :, None] * vectors.swapaxes(1, 2)
            here = slice(at, at + clusters)
            self.weight[here] = torch.from_numpy(mixture.weights_).float()
            self.species[here] = count
            self.mean[here] = torch.from_numpy(mixture.means_).float()
            longest = torch.from_numpy(axes[:, ::-1][:, :_AXES].copy()).float()
            self.axes[here, : longest.shape[1]] = longest
            at += clusters

    def told(self) -> list[dict[str, Any]]:
        """Return the clusters as plain JSON values."""
        return [
            {
                "species": int(self.species[i]),
                "weight": round(float(self.weight[i]), 6),
                "mean": [round(value, 3) for value in self.mean[i].tolist()],
                "axes": [[round(value, 3) for value in row] for row in self.axes[i].tolist()],
            }
            for i in torch.nonzero(self.weight)[:, 0].tolist()
        ]
