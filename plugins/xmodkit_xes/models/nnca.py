"""NNCA: an orthonormal projection on k vectors and a decoder, learned together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from xmodkit.model import Stage
from xmodkit_xes.models.blocks import Bottleneck, Projection
from xmodkit_xes.models.latent import FirstCopy, FixedProjection, LatentModel, MeanOfCopies
from xmodkit_xes.models.ranking import ranked
from xmodkit_xes.models.search import place, subset, unexplained

__all__ = ["Nnca"]


class Nnca(LatentModel):
    """Scores t = V x with exactly orthonormal rows of V (Passilahti et al., arXiv:2406.14044).

    Learned together, the vectors have no order; afterwards the one that alone covers most of the
    training rows' variance comes first. The decoder is smooth, as the way back differentiates it.
    With as many scores as features every copy knows all of them, and the mean of their decoders
    is the decoder.
    """

    name = "nnca"
    learned = Stage("nnca", ("nnca",), 200, batch_size=64, weight_decay=1e-4)

    def __init__(self, **shape: Any) -> None:
        super().__init__(**shape)
        self.projection = Projection(self.descriptor.size, self.k, self.copies)
        self.network = Bottleneck(self.projection, self.decoder(self.copies, smooth=True))
        self.networks["nnca"] = self.network

    def learned_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what the copies leave unexplained; of trained ones, what the best does."""
        losses = unexplained(self.network(x), y)  # (copies,)
        return losses.sum() if self.network.training else losses.min()

    @torch.no_grad()
    def finish(self, x: Tensor, y: Tensor) -> None:
        """Make the copy that explains most the first, its vectors in order."""
        best = unexplained(self.network(x), y).argsort()[:1]
        place(self.network, ranked(subset(self.network, best), x, y), 0)
        if self._complete:
            self._align()

    @property
    def _complete(self) -> bool:
        return self.k == self.descriptor.size

    def _align(self) -> None:
        """Turn the scores of all copies into those of the first."""
        bases = self.projection.basis()  # (copies, k, n)
        turned = bases @ bases[0].T  # (copies, k, k): scores of each copy from the first's
        inward = self.network.decoder.weights[0]
        inward.copy_(turned.transpose(1, 2) @ inward)
        self.projection.set_basis(bases[0])

    @torch.no_grad()
    def basis(self) -> Tensor:
        """Return the vectors V (k, n)."""
        return self.projection.basis()[0]

    def encoder_module(self) -> nn.Module:
        """Return the projection."""
        return FixedProjection(self.basis())

    def decoder_module(self) -> nn.Module:
        """Return the decoder."""
        decoder = self.network.decoder
        return MeanOfCopies(decoder) if self._complete else FirstCopy(decoder)
