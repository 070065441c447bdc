"""PairVAE's decoders: latents to a scattering picture, and to a binary micrograph.

Transposed convolutions double the extent with TensorFlow's 'same' padding. Each is computed as one
ordinary convolution of the coarse map that makes the four fine pixels of every coarse one as
channels: the same sums in less than half the time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.models.pairvae.encoder import CHANNELS

__all__ = ["Doubling", "SaxsDecoder", "SemDecoder", "he_normal"]

_SAXS_FILTERS, _SAXS_KERNEL = 8, 5
_SEM_FILTERS, _SEM_KERNEL = 32, 15
_TRUNCATED = 0.87962566103423978  # deviation of a normal number cut off at two deviations


class Doubling(nn.Module):
    """A transposed convolution of stride 2, padded 'same': (N, i, n, n) to (N, o, 2 n, 2 n)."""

    def __init__(self, inward: int, outward: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inward, outward, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outward))
        nn.init.xavier_uniform_(self.weight)
        # Fine pixel 2 a + r sees coarse pixel a + d through tap r + before - 2 d.
        before = (kernel - 2) // 2
        self.left, self.right = (kernel - 1 - before) // 2, (1 + before) // 2
        self.extent = self.left + self.right + 1
        front = 2 * self.right - before
        self.ends = (front, 2 * self.extent - kernel - front)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map at twice the extent."""
        return self.apply_kernel(x, self.weight, self.bias)

    def apply_kernel(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the transposed convolution with another kernel of the same extent."""
        inward, outward = weight.shape[:2]
        taps = nn.functional.pad(weight, self.ends * 2)
        taps = taps.reshape(inward, outward, self.extent, 2, self.extent, 2).flip((2, 4))
        kernel = taps.permute(1, 3, 5, 0, 2, 4).reshape(-1, inward, self.extent, self.extent)
        rows, columns = x.shape[2:]
        fine = nn.functional.conv2d(x, kernel, bias.repeat_interleave(4), padding=self.left)
        return nn.functional.pixel_shuffle(fine[:, :, :rows, :columns], 2)


class SaxsDecoder(nn.Module):
    """Latents to pictures (N, 3, S, S) in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _doubled_four_times(_SAXS_FILTERS, _SAXS_KERNEL)
        self.last = Doubling(_SAXS_FILTERS, 3, _SAXS_KERNEL)
        for module in self.modules():
            if isinstance(module, Doubling):
                he_normal(module)

    def forward(self, latent: Tensor) -> Tensor:
        """Return pictures of latents (N, 32, S/32, S/32)."""
        return torch.sigmoid(self.last(self.layers(latent)))


class SemDecoder(nn.Module):
    """Latents to the logit of the bright phase (N, S, S).

    The last layer has 32 output channels whose mean is the logit. The mean of transposed
    convolutions is the transposed convolution with the mean kernel: one channel is computed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = _doubled_four_times(_SEM_FILTERS, _SEM_KERNEL)
        self.last = Doubling(_SEM_FILTERS, _SEM_FILTERS, _SEM_KERNEL)

    def forward(self, latent: Tensor) -> Tensor:
        """Return logits of latents (N, 32, S/32, S/32)."""
        weight = self.last.weight.mean(dim=1, keepdim=True)
        bias = self.last.bias.mean().reshape(1)
        return self.last.apply_kernel(self.layers(latent), weight, bias)[:, 0]


def _doubled_four_times(filters: int, kernel: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    inward = CHANNELS
    for _ in range(4):
        norm = nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01)  # as Keras
        layers += [Doubling(inward, filters, kernel), norm, nn.ReLU()]
        inward = filters
    return nn.Sequential(*layers)


def he_normal(layer: Doubling) -> None:
    """Draw weights and biases as Keras' he_normal: truncated, of variance 2 / fan in.

    Keras reads a transposed kernel (y, x, out, in) as one from `out` channels, and takes a bias'
    own length for its fan in.
    """
    outward, kernel = layer.weight.shape[1:3]
    for parameter, fan in ((layer.weight, outward * kernel**2), (layer.bias, outward)):
        deviation = math.sqrt(2 / fan) / _TRUNCATED
        nn.init.trunc_normal_(parameter, std=deviation, a=-2 * deviation, b=2 * deviation)
