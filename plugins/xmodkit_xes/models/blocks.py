"""Networks of the bottleneck models: several copies side by side, trained at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["Bottleneck", "Encoder", "Mlp", "Projection"]

_REACH = 1.8  # standard deviations


class Mlp(nn.Module):
    """Dense layers with ReLU between them: `copies` networks of equal sizes side by side.

    With `smooth` it is SiLU, which has no kinks: for what is to be differentiated.
    """

    def __init__(self, sizes: Sequence[int], copies: int = 1, *, smooth: bool = False) -> None:
        super().__init__()
        self.sizes, self.copies, self.smooth = tuple(sizes), copies, smooth
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inward, outward in pairwise(sizes):
            weight = torch.randn(copies, inward, outward) * math.sqrt(2 / inward)
            # Each kink lies somewhere in the cloud of inputs: with one input, kinks that all lie
            # at zero cannot bend a curve.
            place = torch.empty(copies, inward, outward).uniform_(-_REACH, _REACH)
            self.weights.append(weight)
            self.biases.append((place * weight).sum(dim=1, keepdim=True) / math.sqrt(inward))
        with torch.no_grad():
            self.weights[-1].mul_(0.5)
            self.biases[-1].zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return (copies, N, last) of rows (N, first) or (copies, N, first)."""
        last = len(self.weights) - 1
        bend = nn.functional.silu if self.smooth else torch.relu
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weight + bias  # (copies, N, width)
            x = bend(x) if layer < last else x
        return x


class Encoder(nn.Module):
    """Features to k scores: a linear map plus an MLP.

    With the MLP at zero it is a projection, so that a linear encoder is a special case of it.
    """

    def __init__(self, features: int, k: int, hidden: Sequence[int], copies: int = 1) -> None:
        super().__init__()
        self.linear = nn.Parameter(torch.randn(copies, features, k) / math.sqrt(features))
        self.bend = Mlp((features, *hidden, k), copies)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (copies, N, k) of features (N, features)."""
        out: Tensor = x @ self.linear + self.bend(x)
        return out

    @torch.no_grad()
    def straighten(self, basis: Tensor, copy: int) -> None:
        """Make a copy the projection on vectors (k, features)."""
        self.linear[copy] = basis.T
        self.bend.weights[-1][copy] = 0.0
        self.bend.biases[-1][copy] = 0.0


class Projection(nn.Module):
    """Features to k scores t = V x, where the rows of V are orthonormal by construction.

    V is the orthogonal factor of a free matrix, signed so that the factorisation of an orthonormal
    matrix is that matrix itself.
    """

    def __init__(self, features: int, k: int, copies: int = 1) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.randn(copies, features, k))

    def basis(self) -> Tensor:
        """Return the vectors V (copies, k, features)."""
        q, r = torch.linalg.qr(self.free)
        sign = torch.where(r.diagonal(dim1=1, dim2=2) < 0, -1.0, 1.0)  # (copies, k)
        vectors: Tensor = (q * sign.unsqueeze(1)).transpose(1, 2)
        return vectors

    @torch.no_grad()
    def set_basis(self, basis: Tensor) -> None:
        """Take orthonormal vectors (copies, k, features) or, for every copy, (k, features)."""
        self.free.copy_(basis.transpose(-1, -2).expand_as(self.free))

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (copies, N, k) of features (N, features)."""
        return x @ self.basis().transpose(1, 2)


class Bottleneck(nn.Module):
    """Features to k scores to targets."""

    def __init__(self, encoder: nn.Module, decoder: Mlp) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor) -> Tensor:
        """Return targets (copies, N, m) of features (N, features)."""
        scores = self.encoder(x)  # (copies, N, k)
        out: Tensor = self.decoder(scores)
        return out
