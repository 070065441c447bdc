"""The order of components that were learned together, restored afterwards."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from xmodkit_xes.models.blocks import Bottleneck, Projection
from xmodkit_xes.models.search import unexplained

__all__ = ["ranked", "single_losses"]


@torch.no_grad()
def single_losses(network: Bottleneck, x: Tensor, y: Tensor) -> Tensor:
    """Return what each score alone leaves unexplained (k,), all others being 0, their mean."""
    scores = network.encoder(x)[0]  # (N, k)
    alone = [scores * only for only in torch.eye(scores.shape[1])]
    return torch.stack([unexplained(network.decoder(some), y)[0] for some in alone])


@torch.no_grad()
def ranked(network: Bottleneck, x: Tensor, y: Tensor) -> Bottleneck:
    """Return a projection and its decoder (one copy), the vector that alone covers most first.

    Each vector points to where its largest entry is positive. Predictions stay what they were.
    """
    k, projection = network.decoder.sizes[0], cast("Projection", network.encoder)
    order = single_losses(network, x, y).argsort()
    basis = projection.basis()[0][order]  # (k, features)
    sign = basis.gather(1, basis.abs().argmax(dim=1, keepdim=True)).sign()  # (k, 1)
    encoder = Projection(basis.shape[1], k)
    encoder.set_basis(sign * basis)
    first = network.decoder.weights[0]
    first.copy_(sign * first[:, order])
    return Bottleneck(encoder, network.decoder)
