"""EDNN: encoder and decoder with k scores between them (Passilahti et al., arXiv:2406.14044)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from xmodkit.model import Stage
from xmodkit_xes.models.blocks import Bottleneck, Encoder
from xmodkit_xes.models.latent import FirstCopy, LatentModel
from xmodkit_xes.models.search import place, subset, unexplained

__all__ = ["Ednn"]


class Ednn(LatentModel):
    """A nonlinear encoder to k scores, and a decoder, learned together."""

    name = "ednn"
    learned = Stage("ednn", ("ednn",), 300, batch_size=64, weight_decay=1e-4)

    def __init__(self, **shape: Any) -> None:
        super().__init__(**shape)
        encoder = Encoder(self.descriptor.size, self.k, self.hidden, self.copies)
        self.network = Bottleneck(encoder, self.decoder(self.copies))
        self.networks["ednn"] = self.network

    def learned_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what the copies leave unexplained; of trained ones, what the best does."""
        losses = unexplained(self.network(x), y)  # (copies,)
        return losses.sum() if self.network.training else losses.min()

    @torch.no_grad()
    def finish(self, x: Tensor, y: Tensor) -> None:
        """Make the copy that explains most the first."""
        best = unexplained(self.network(x), y).argsort()[:1]
        place(self.network, subset(self.network, best), 0)

    def encoder_module(self) -> nn.Module:
        """Return the encoder."""
        return FirstCopy(self.network.encoder)

    def decoder_module(self) -> nn.Module:
        """Return the decoder."""
        return FirstCopy(self.network.decoder)
