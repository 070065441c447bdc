"""ECA: the directions of feature space that a trained emulator responds to most."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from xmodkit.model import Stage
from xmodkit_xes.models.blocks import Mlp
from xmodkit_xes.models.directions import directions, folded
from xmodkit_xes.models.latent import FirstCopy, FixedProjection, LatentModel
from xmodkit_xes.models.search import unexplained

__all__ = ["Eca"]


class Eca(LatentModel):
    """An emulator of all features, then orthonormal vectors V; a spectrum is emulator(t V).

    The vectors (arXiv:2312.12967) are fitted to training rows, one after the other.
    """

    name = "eca"
    learned = Stage("emulator", ("emulator",), 200, batch_size=64, weight_decay=1e-4)

    def __init__(self, **shape: Any) -> None:
        super().__init__(**shape)
        size = self.descriptor.size
        self.emulator = Mlp((size, *self.hidden, len(self.targets.loadings)))
        self.vectors = FixedProjection(torch.eye(size)[: self.k])
        self.networks["emulator"], self.networks["vectors"] = self.emulator, self.vectors

    def learned_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what the emulator leaves unexplained."""
        return unexplained(self.emulator(x), y).sum()

    def finish(self, x: Tensor, y: Tensor) -> None:
        """Find the vectors."""
        self.vectors.basis.copy_(directions(self.emulator, x, y, self.k))

    def basis(self) -> Tensor:
        """Return the vectors V (k, n)."""
        return self.vectors.basis

    def encoder_module(self) -> nn.Module:
        """Return the projection."""
        return self.vectors

    @torch.no_grad()
    def decoder_module(self) -> nn.Module:
        """Return the emulator of what the scores say of the features."""
        return FirstCopy(folded(self.emulator, self.basis()))
