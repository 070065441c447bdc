"""Atoms as what the places of a coarse grid say of them: here is one, and so far from my middle.

What a network says of places is smooth where atoms move, precise to far less than a voxel, and
drawn as an image in closed form.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import EDGE_A

__all__ = ["GRID", "PLACE_A", "PlaceImages", "said_of_places"]

GRID = 8  # places along each edge of the cube
PLACE_A = EDGE_A / GRID
# A place speaks of the nearest atom within this of its middle: that of its own corners.
_REACH_A = PLACE_A * 3**0.5 / 2 + 0.05
_BETWEEN_A = 0.4  # so much nearer than the next atom, or it says nothing
_FADING_A = 5.0  # what is said of an atom far from the middle counts less than from near it


def said_of_places(positions: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return what places should say of atoms at positions (B, A, 3) in A from the cube's middle.

    `present` (B, A) says which are there. Returned are whether a place says that there is an atom
    (B, 8, 8, 8), and how far that lies from its middle in places (B, 3, 8, 8, 8).
    """
    middles = _middles(positions.device)  # (P, 3)
    away = positions[:, None] - middles[:, None]  # (B, P, A, 3)
    distance = away.norm(dim=3).masked_fill(~present[:, None], 1e3)  # (B, P, A)
    nearest = distance.topk(2, dim=2, largest=False)
    offset = away.gather(2, nearest.indices[:, :, :1, None].expand(-1, -1, -1, 3))[:, :, 0]
    first, second = nearest.values.unbind(2)
    within = offset.abs().amax(dim=2) <= PLACE_A / 2  # its own atom
    clear = (first < _REACH_A) & (second - first > _BETWEEN_A)
    says = (within | clear).to(positions.dtype)
    offset = (offset / PLACE_A).transpose(1, 2)
    return says.reshape(-1, GRID, GRID, GRID), offset.reshape(-1, 3, GRID, GRID, GRID)


class PlaceImages(nn.Module):
    """Draws what places say: images of `size` voxels along each edge, atoms `sigma` A wide.

    A voxel shows the highest of what its own place and the 26 around it say, so that several that
    speak of one atom draw it once.
    """

    def __init__(self, size: int, sigma: float) -> None:
        super().__init__()
        self.patch, self.sigma = size // GRID, sigma

    def forward(self, chance: Tensor, offset: Tensor) -> Tensor:
        """Return images (B, N, N, N) of chances (B, 8, 8, 8) and offsets (B, 3, 8, 8, 8)."""
        batch = len(chance)
        squared = (offset * PLACE_A).square().sum(dim=1)
        height = chance * torch.exp(-squared / _FADING_A**2)  # (B, 8, 8, 8)
        # Voxels of a place and of those on both sides of it, from its middle, in places.
        voxels = torch.arange(3 * self.patch, device=chance.device) / self.patch - 1.5
        apart = (voxels - offset[..., None]) * PLACE_A  # (B, 3, 8, 8, 8, 3 w)
        x, y, z = torch.exp(apart.square() / (-2 * self.sigma**2)).unbind(1)
        x = x * height[..., None]
        w = self.patch
        image = torch.zeros(batch, GRID, GRID, GRID, w, w, w, device=chance.device)
        for i, j, k in itertools.product(range(3), repeat=3):
            # What the place before (index 2), the place itself (1), the one behind (0) says here.
            px, py, pz = (
                _shifted(axis[..., at * w : (at + 1) * w], (i - 1, j - 1, k - 1))
                for axis, at in ((x, i), (y, j), (z, k))
            )
            blob = px[..., :, None, None] * py[..., None, :, None] * pz[..., None, None, :]
            image = torch.maximum(image, blob)
        return image.permute(0, 1, 4, 2, 5, 3, 6).reshape(batch, GRID * w, GRID * w, GRID * w)


def _shifted(said: Tensor, by: tuple[int, int, int]) -> Tensor:
    """Return (B, 8, 8, 8, w) moved by so many places along each axis; nothing comes in."""
    for axis, step in enumerate(by, 1):
        if step:
            rest = said.narrow(axis, 0 if step > 0 else 1, GRID - 1)
            empty = torch.zeros_like(said.narrow(axis, 0, 1))
            said = torch.cat([empty, rest] if step > 0 else [rest, empty], dim=axis)
    return said


def _middles(device: torch.device) -> Tensor:
    """Return the middles of all places (512, 3) in A from the middle of the cube."""
    axis = (torch.arange(GRID, device=device) + 0.5) * PLACE_A - EDGE_A / 2
    return torch.cartesian_prod(axis, axis, axis)
