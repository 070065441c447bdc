"""Voxel images drawn while training: samples are kept as atoms, a hundredth of their images."""

from __future__ import annotations

import torch
from torch import Tensor

from xmodkit_crystal.modalities import CELL_SIZE, EDGE_A, SIGMA_A, SIZE, SLOTS
from xmodkit_crystal.voxels import CUT

__all__ = ["cell_images", "one_species", "species_images"]

# Shifts of the dummy atom by whole lattice vectors among which the nearest image is.
_SHIFTS = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0])] * 3)


def cell_images(cells: Tensor, size: int = CELL_SIZE, sigma: float = SIGMA_A) -> Tensor:
    """Return images (B, N, N, N) of cells (B, 3, 3), rows in A: `voxels.cell_image` of each."""
    axis = (torch.arange(size, device=cells.device) - size // 2) / size
    offsets = torch.cartesian_prod(axis, axis, axis)  # (N^3, 3), fractional
    metric = cells @ cells.transpose(1, 2)  # (B, 3, 3)
    squared = torch.full((len(cells), len(offsets)), torch.inf, device=cells.device)
    for shift in _SHIFTS.to(cells.device):
        moved = offsets + shift
        squared = torch.minimum(squared, torch.einsum("ni,bij,nj->bn", moved, metric, moved))
    return _cut(torch.exp(squared / (-2 * sigma**2))).reshape(-1, size, size, size)


def species_images(
    positions: Tensor,
    slots: Tensor,
    count: int,
    *,
    size: int = SIZE,
    edge: float = EDGE_A,
    sigma: float = SIGMA_A,
) -> Tensor:
    """Return images (B, count, N, N, N) of atoms at positions (B, A, 3) in A from the middle.

    `slots` (B, A) says to which image an atom belongs; -1 is no atom. The same as
    `voxels.species_images`, whatever the number of atoms.
    """
    axis = torch.arange(size, device=positions.device) * (edge / size) - edge / 2
    away = axis - positions[..., None]  # (B, A, 3, N)
    away = away - edge * torch.round(away / edge)
    profiles = torch.exp(away**2 / (-2 * sigma**2))
    atoms, belongs = positions.shape[1], torch.arange(count, device=slots.device)
    images = positions.new_zeros(len(positions), count, size, size, size)
    for atom in range(atoms):  # one at a time: all at once would take atoms times the memory
        x, y, z = profiles[:, atom].unbind(1)  # each (B, N)
        blob = _cut(torch.einsum("bx,by,bz->bxyz", x, y, z))
        mine = (slots[:, atom, None] == belongs).to(blob.dtype)  # (B, count)
        images = images + mine[..., None, None, None] * blob[:, None]
    return images


def one_species(slots: Tensor) -> Tensor:
    """Return one of the slots (B, 1) that atoms (B, A) of each crystal have, at random; else 0."""
    numbers = torch.arange(SLOTS, device=slots.device)
    used = (slots[:, :, None] == numbers).any(dim=1)  # (B, slots)
    used[:, 0] |= ~used.any(dim=1)
    return torch.multinomial(used.float(), 1)


def _cut(values: Tensor) -> Tensor:
    return torch.where(values < CUT, 0.0, values)
