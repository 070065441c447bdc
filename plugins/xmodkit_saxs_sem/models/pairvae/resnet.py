"""ResNet50 of any width: the encoder that PairVAE freezes.

Layers as in Keras: biases beside batch normalisation, strides in the first 1 x 1 convolution of a
block. Source: He et al., CVPR 2016, doi:10.1109/CVPR.2016.90, table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["STRIDE", "ResNet50", "glorot"]

STRIDE = 32
_BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4


class ResNet50(nn.Module):
    """Pictures (N, 3, S, S) to features (N, 32 width, S/32, S/32); `width` 64 is ResNet50."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.channels = 8 * width * _EXPANSION
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, stride=2, padding=3), _norm(width), nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )  # fmt: skip
        blocks: list[nn.Module] = []
        inward = width
        for number, count in enumerate(_BLOCKS):
            inner = width * 2**number
            for place in range(count):
                stride = 2 if place == 0 and number > 0 else 1
                blocks.append(_Bottleneck(inward, inner, stride, is_first=place == 0))
                inward = inner * _EXPANSION
        self.blocks = nn.Sequential(*blocks)
        glorot(self)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the feature map."""
        found: Tensor = self.blocks(self.stem(picture))
        return found


class _Bottleneck(nn.Module):
    def __init__(self, inward: int, inner: int, stride: int, *, is_first: bool) -> None:
        super().__init__()
        outward = inner * _EXPANSION
        self.convolutions = nn.Sequential(
            nn.Conv2d(inward, inner, 1, stride=stride), _norm(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=1), _norm(inner), nn.ReLU(),
            nn.Conv2d(inner, outward, 1), _norm(outward),
        )  # fmt: skip
        self.shortcut = (
            nn.Sequential(nn.Conv2d(inward, outward, 1, stride=stride), _norm(outward))
            if is_first
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.convolutions(x) + self.shortcut(x))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1.001e-5, momentum=0.01)  # Keras counts momentum as 0.99


def glorot(network: nn.Module) -> None:
    """Start as Keras does unless told otherwise: uniform Glorot weights, biases of zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
