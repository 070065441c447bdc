"""Images of species to a code that keeps where things are, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import EDGE_A, SIGMA_A, SIZE, SLOTS

__all__ = ["COARSE", "COARSE_SIGMA_A", "Coarse", "SpatialAutoencoder"]

COARSE = 32  # voxels along each edge that the network sees
COARSE_SIGMA_A = 0.4  # the width of an atom in them: below, so coarse a grid would miss it
_TAPS = 9


class Coarse(nn.Module):
    """Images of 64^3 voxels as images of 32^3 with wider atoms, peaks about 1 again."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        step = EDGE_A / SIZE
        blur = (COARSE_SIGMA_A**2 - SIGMA_A**2) ** 0.5 / step  # in voxels
        taps = torch.exp(-((torch.arange(_TAPS) - _TAPS // 2) ** 2) / (2 * blur**2))
        # A blurred atom is (sigma / wider)^3 as high: undone by one factor along each axis.
        taps = taps / taps.sum() * (COARSE_SIGMA_A / SIGMA_A)
        self.register_buffer("kernel", taps, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return images (B, S, 32, 32, 32) of images (B, S, 64, 64, 64)."""
        batch, slots = images.shape[:2]
        out = images.reshape(batch * slots, 1, SIZE, SIZE, SIZE)
        for axis in range(3):
            shape, stride, pad = [1, 1, 1, 1, 1], [1, 1, 1], [0, 0, 0]
            shape[2 + axis], stride[axis], pad[axis] = _TAPS, 2, _TAPS // 2
            kernel = self.kernel.reshape(shape)
            out = nn.functional.conv3d(out, kernel, stride=stride, padding=pad)
        return out.reshape(batch, slots, COARSE, COARSE, COARSE)


class SpatialAutoencoder(nn.Module):
    """Five images of 32^3 voxels to a code of `channels` on a grid of 4^3, and back.

    What is coded in a place lies there: atoms that never stood together in training are rebuilt
    all the same. Two levels of strided convolutions down, residual blocks between.
    """

    def __init__(self, channels: int = 16, widths: tuple[int, int, int] = (16, 32, 64)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.encoder = nn.Sequential(
            nn.Conv3d(SLOTS, fine, 4, stride=2, padding=1),  # 16^3
            _Residual(fine),
            nn.Conv3d(fine, middle, 4, stride=2, padding=1),  # 8^3
            _Residual(middle),
            nn.Conv3d(middle, coarse, 4, stride=2, padding=1),  # 4^3
            _Residual(coarse),
            nn.Conv3d(coarse, channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv3d(channels, coarse, 1),
            _Residual(coarse),
            _Up(coarse, middle),  # 8^3
            _Residual(middle),
            _Up(middle, fine),  # 16^3
            _Residual(fine),
            _Up(fine, SLOTS),  # 32^3
        )
        self.size = channels * (COARSE // 8) ** 3

    def encode(self, images: Tensor) -> Tensor:
        """Return codes (B, size) of images (B, 5, 32, 32, 32)."""
        code: Tensor = self.encoder(images)  # (B, channels, 4, 4, 4)
        return code.flatten(1)

    def decode(self, code: Tensor) -> Tensor:
        """Return images (B, 5, 32, 32, 32) of codes (B, size)."""
        side = COARSE // 8
        images: Tensor = self.decoder(code.reshape(len(code), -1, side, side, side))
        return images


class _Residual(nn.Module):
    """Two convolutions that add to what they see."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second = nn.Conv3d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.second(nn.functional.silu(self.first(nn.functional.silu(x))))
        return x + inner


class _Up(nn.Module):
    """A convolution at half the extent that gives each voxel's eight parts (ORT: faster)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.after = after
        self.convolution = nn.Conv3d(before, 8 * after, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, n, _, _ = x.shape
        parts = self.convolution(nn.functional.silu(x)).reshape(batch, self.after, 2, 2, 2, n, n, n)
        apart: Tensor = parts.permute(0, 1, 5, 2, 6, 3, 7, 4)  # (B, after, n, 2, n, 2, n, 2)
        return apart.reshape(batch, self.after, 2 * n, 2 * n, 2 * n)
