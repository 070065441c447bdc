"""Atoms as what the places of a coarse grid say of them: here is one, and so far from my middle.

What a network says of places is smooth where atoms move, precise to far less than a voxel, and
drawn as an image in closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_crystal.modalities import EDGE_A

__all__ = ["GRID", "PLACE_A", "PlaceImages", "said_of_places"]

GRID = 8  # places along each edge of the cube
PLACE_A = EDGE_A / GRID
# A place speaks of the nearest atom within this of its middle: that of its own corners.
_REACH_A = PLACE_A * 3**0.5 / 2 + 0.05
_BETWEEN_A = 0.4  # so much nearer than the next atom, or it says nothing
_NOWHERE_A = 1e3  # how far what is not there is away
_FADING_A = 5.0  # what is said of an atom far from the middle counts less than from near it


def said_of_places(positions: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return what places should say of atoms at positions (B, A, 3) in A from the cube's middle.

    `present` (B, A) says which are there. Returned are whether a place says that there is an atom
    (B, 8, 8, 8), and how far that lies from its middle in places (B, 3, 8, 8, 8).
    """
    middles = _middles(positions.device)  # (P, 3)
    away = positions[:, None] - middles[:, None]  # (B, P, A, 3)
    distance = away.norm(dim=3).masked_fill(~present[:, None], _NOWHERE_A)  # (B, P, A)
    nearest = distance.topk(2, dim=2, largest=False)
    offset = away.gather(2, nearest.indices[:, :, :1, None].expand(-1, -1, -1, 3))[:, :, 0]
    first, second = nearest.values.unbind(2)
    own = (offset.abs().amax(dim=2) <= PLACE_A / 2) & (first < _NOWHERE_A)
    clear = (first < _REACH_A) & (second - first > _BETWEEN_A)
    says = (own | clear).to(positions.dtype)
    offset = (offset / PLACE_A).transpose(1, 2)
    return says.reshape(-1, GRID, GRID, GRID), offset.reshape(-1, 3, GRID, GRID, GRID)


class PlaceImages(nn.Module):
    """Draws what places say: images of `size` voxels along each edge, atoms `sigma` A wide.

    A voxel shows the highest of what its own place and the 26 around it say, so that several that
    speak of one atom draw it once.
    """

    spread: Tensor

    def __init__(self, size: int, sigma: float) -> None:
        super().__init__()
        self.patch, self.sigma = size // GRID, sigma
        w = self.patch
        voxel = torch.cartesian_prod(*[torch.arange(w)] * 3)  # (w^3, 3)
        # Of voxels along each axis (w) to all voxels of a patch (w^3): equal shapes multiply fast.
        spread = torch.stack([nn.functional.one_hot(voxel[:, axis], w).T for axis in range(3)])
        self.register_buffer("spread", spread.float(), persistent=False)  # (3, w, w^3)

    def forward(self, chance: Tensor, offset: Tensor) -> Tensor:
        """Return images (B, N, N, N) of chances (B, 8, 8, 8) and offsets (B, 3, 8, 8, 8)."""
        squared = (offset * PLACE_A).square().sum(dim=1)
        height = chance * torch.exp(-squared / _FADING_A**2)  # (B, 8, 8, 8)
        x, y, z = self._profiles(offset)
        x = [along * height[..., None] for along in x]
        image = _highest(
            [_highest([_highest([a * b * c for a in x], axis=1) for b in y], axis=2) for c in z],
            axis=3,
        )  # (B, 8, 8, 8, w^3)
        w = self.patch
        apart = image.reshape(-1, GRID, GRID, GRID, w, w, w).permute(0, 1, 4, 2, 5, 3, 6)
        return apart.reshape(-1, GRID * w, GRID * w, GRID * w)

    def _profiles(self, offset: Tensor) -> list[list[Tensor]]:
        """Return, for each axis, what a place says to the one before, itself, the one behind.

        Each (B, 8, 8, 8, w^3), for all voxels of a patch.
        """
        w = self.patch
        # Voxels of a place and of those on both sides of it, from its middle, in places.
        voxels = torch.arange(3 * w, device=offset.device) / w - 1.5
        apart = (voxels - offset[..., None]) * PLACE_A  # (B, 3, 8, 8, 8, 3 w)
        along = torch.exp(apart.square() / (-2 * self.sigma**2))
        return [
            [along[:, axis, ..., at * w : (at + 1) * w] @ self.spread[axis] for at in range(3)]
            for axis in range(3)
        ]


def _highest(said: list[Tensor], axis: int) -> Tensor:
    """Return the highest of what the place behind, the place itself and the one before say here.

    `said` (B, 8, 8, 8, v) each: what places say to the one before, to themselves, to the one
    behind.
    """
    to_before, to_itself, to_behind = said
    empty = torch.zeros_like(to_itself.narrow(axis, 0, 1))
    from_behind = torch.cat([to_before.narrow(axis, 1, GRID - 1), empty], dim=axis)
    from_before = torch.cat([empty, to_behind.narrow(axis, 0, GRID - 1)], dim=axis)
    return torch.maximum(torch.maximum(from_behind, to_itself), from_before)


def _middles(device: torch.device) -> Tensor:
    """Return the middles of all places (512, 3) in A from the middle of the cube."""
    axis = (torch.arange(GRID, device=device) + 0.5) * PLACE_A - EDGE_A / 2
    return torch.cartesian_prod(axis, axis, axis)
