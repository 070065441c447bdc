"""Where crystals lie in the latent space: its principal components, and what they leave."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.lattice.code import CELL

__all__ = ["PrincipalComponents"]

_SMALL = 1e-6


class PrincipalComponents(nn.Module):
    """The first `count` principal components of vectors: six numbers of a cell, then places.

    Places are divided by their common spread, so that those where atoms seldom are weigh little.
    """

    mean: Tensor
    spread: Tensor
    basis: Tensor
    scale: Tensor
    rest: Tensor
    usual: Tensor

    def __init__(self, size: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.register_buffer("basis", torch.zeros(count, size))
        self.register_buffer("scale", torch.ones(count))
        self.register_buffer("rest", torch.tensor(1.0))
        # Atomic numbers of most training crystals, for latents that are drawn.
        self.register_buffer("usual", torch.zeros(SLOTS, dtype=torch.int32))

    def fit(self, vectors: Tensor) -> None:
        """Take the components of training vectors (N, size)."""
        vectors = vectors.double()
        spread = vectors.std(dim=0)
        spread[CELL:] = spread[CELL:].square().mean().sqrt()
        spread = spread.clamp(min=_SMALL)
        scaled = (vectors - vectors.mean(dim=0)) / spread
        _, values, rows = torch.linalg.svd(scaled, full_matrices=False)
        found = min(self.count, len(values))
        scale = (values / max(1, len(vectors) - 1) ** 0.5)[:found]
        self.mean.copy_(vectors.mean(dim=0).float())
        self.spread.copy_(spread.float())
        self.basis.zero_()
        self.basis[:found] = rows[:found].float()
        # A floor: components that hardly vary would turn rounding errors into novelty.
        self.scale.fill_(1.0)
        self.scale[:found] = scale.clamp(min=float(scale[0]) * 1e-2).float()
        left = scaled - scaled @ rows[:found].T @ rows[:found]
        self.rest.copy_(left.square().sum(dim=1).mean().clamp(min=_SMALL).float())

    def forward(self, vectors: Tensor) -> Tensor:
        """Return whitened components (N, count) of vectors (N, size)."""
        scaled = (vectors - self.mean) / self.spread
        whitened: Tensor = (scaled @ self.basis.T) / self.scale
        return whitened

    def novelty(self, vectors: Tensor) -> Tensor:
        """Return how unlike training vectors are (N,): about 1 for familiar ones.

        The mean of the squared whitened components and of the squared rest.
        """
        scaled = (vectors - self.mean) / self.spread
        components = scaled @ self.basis.T
        left = (scaled - components @ self.basis).square().sum(dim=1) / self.rest
        return ((components / self.scale).square().mean(dim=1) + left) / 2
