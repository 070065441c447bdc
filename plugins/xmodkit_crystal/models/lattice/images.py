"""The image of one species to a code that keeps where things are, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import EDGE_A, SIGMA_A, SIZE
from xmodkit_crystal.models.lattice.places import PlaceImages
from xmodkit_crystal.voxels import CUT

__all__ = ["COARSE", "COARSE_SIGMA_A", "Coarse", "SpatialAutoencoder", "coarse_images"]

COARSE = 32  # voxels along each edge that the network sees
COARSE_SIGMA_A = 0.4  # the width of an atom in them: below, so coarse a grid would miss it
_TAPS = 9
_PATCH = 4  # voxels along each edge that are one place of the fine grid


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


def coarse_images(positions: Tensor, present: Tensor) -> Tensor:
    """Return what `Coarse` makes of images of atoms (B, 32, 32, 32), drawn directly.

    Positions (B, A, 3) in A are from the cube's middle; `present` (B, A) says which are there.
    """
    axis = torch.arange(COARSE, device=positions.device) * (EDGE_A / COARSE) - EDGE_A / 2
    apart = axis - positions[..., None]  # (B, A, 3, N)
    profiles = torch.exp(apart.square() / (-2 * COARSE_SIGMA_A**2))
    x, y, z = (profiles * present[:, :, None, None]).unbind(2)
    across = torch.einsum("bax,bay->baxy", x, y).flatten(2)
    image = torch.einsum("bap,baz->bpz", across, z).reshape(-1, COARSE, COARSE, COARSE)
    return torch.where(image < CUT, 0.0, image)


class SpatialAutoencoder(nn.Module):
    """One image of 32^3 voxels to a code of `channels` on a grid of 4^3, and back.

    The same network for every species, as published. What is coded in a place lies there: atoms
    that never stood together in training are rebuilt all the same. Nothing is convolved on the
    voxels themselves, which costs most and says least: patches of 4^3 are places of a grid of 8^3.
    """

    def __init__(self, channels: int = 6, fine: int = 48, coarse: int = 72) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            _Patches(_PATCH),
            nn.Conv3d(_PATCH**3, fine, 1),  # 8^3
            _Residual(fine),
            _Patches(2),
            nn.Conv3d(8 * fine, coarse, 1),  # 4^3
            _Residual(coarse),
            nn.Conv3d(coarse, channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv3d(channels, coarse, 1),
            _Residual(coarse),
            nn.Conv3d(coarse, 8 * fine, 1),
            _Voxels(2),  # 8^3
            _Residual(fine),
            _Residual(fine),
            _Pointwise(fine),
            nn.Conv3d(fine, 4, 1),
        )
        self.drawn = PlaceImages(COARSE, COARSE_SIGMA_A)
        self.side = COARSE // (2 * _PATCH)
        self.size = channels * self.side**3

    def encode(self, images: Tensor) -> Tensor:
        """Return codes (B, size) of images (B, 32, 32, 32)."""
        code: Tensor = self.encoder(images[:, None])  # (B, channels, 4, 4, 4)
        return code.flatten(1)

    def places(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return what places say (`said_of_places`) of codes (B, size), the first as logits."""
        grid = code.reshape(-1, self.size // self.side**3, self.side, self.side, self.side)
        said: Tensor = self.decoder(grid)  # (B, 4, 8, 8, 8)
        return said[:, 0], said[:, 1:]

    def decode(self, code: Tensor) -> Tensor:
        """Return images (B, 32, 32, 32) of codes (B, size)."""
        logit, offset = self.places(code)
        images: Tensor = self.drawn(torch.sigmoid(logit), offset)
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


class _Pointwise(nn.Module):
    """What one place alone says: a wide layer that adds to what it sees."""

    def __init__(self, width: int, hidden: int = 192) -> None:
        super().__init__()
        self.first, self.second = nn.Conv3d(width, hidden, 1), nn.Conv3d(hidden, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.second(nn.functional.silu(self.first(x)))
        return x + inner


class _Patches(nn.Module):
    """Cubes of p^3 voxels as channels: (B, C, N, N, N) to (B, C p^3, N/p, N/p, N/p)."""

    def __init__(self, p: int) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        channels, n, p = x.shape[1], x.shape[2] // self.p, self.p
        apart = x.reshape(-1, channels, n, p, n, p, n, p).permute(0, 1, 3, 5, 7, 2, 4, 6)
        return apart.reshape(-1, channels * p**3, n, n, n)


class _Voxels(nn.Module):
    """The way back from `_Patches`."""

    def __init__(self, p: int) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        n, p = x.shape[2], self.p
        channels = x.shape[1] // p**3
        apart = x.reshape(-1, channels, p, p, p, n, n, n).permute(0, 1, 5, 2, 6, 3, 7, 4)
        return apart.reshape(-1, channels, n * p, n * p, n * p)
