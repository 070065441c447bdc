"""Atoms moved about, or put anywhere: what a network that rebuilds any arrangement has seen."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["disarranged", "packed"]

_STRAIN = 0.12  # standard deviation of the entries of a deformation
_MOVED_A = 0.25  # of positions
_LEFT_OUT = 0.15  # share of atoms
_REACH_A = 6.7  # from the middle: as far as crystals may reach
_NEAREST_A = 1.8, 3.4  # of which one is the least distance in a packing
_TRIES = 4  # places that are tried for each atom of a packing


def disarranged(positions: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return positions (B, A, 3) in A of like but other arrangements, and who is there (B, A).

    Rotated at random, deformed, every atom displaced, some left out. What is carried out of reach
    is left out.
    """
    batch, atoms, _ = positions.shape
    device = positions.device
    turned, _ = torch.linalg.qr(torch.randn(batch, 3, 3, device=device))
    strain = torch.eye(3, device=device) + _STRAIN * torch.randn(batch, 3, 3, device=device)
    moved = positions @ (turned @ strain)
    moved = moved + _MOVED_A * torch.randn(batch, atoms, 3, device=device)
    kept = present & (torch.rand(batch, atoms, device=device) > _LEFT_OUT)
    return moved, kept & (moved.abs().amax(dim=2) < _REACH_A)


def packed(batch: int, atoms: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return positions (B, A, 3) in A of atoms put anywhere in boxes, and who is there (B, A).

    Boxes are of random sizes; atoms keep a distance, another one in each box. Places are tried in
    turn, and those too near to one before are left out.
    """
    half = 1.5 + (_REACH_A - 1.5) * torch.rand(batch, 1, 3, device=device)
    tried = half * (2 * torch.rand(batch, _TRIES * atoms, 3, device=device) - 1)
    low, high = _NEAREST_A
    least = low + (high - low) * torch.rand(batch, 1, device=device)
    near = torch.cdist(tried, tried) < least[:, None]  # (B, T, T)
    there = torch.zeros(tried.shape[:2], dtype=torch.bool, device=device)
    for i in range(tried.shape[1]):
        there[:, i] = ~(near[:, i] & there).any(dim=1)
    # The first that fit; how many there shall be is drawn too.
    wanted = torch.randint(1, atoms + 1, (batch, 1), device=device)
    there &= there.cumsum(dim=1) <= wanted
    order = torch.argsort((~there).to(torch.int8), dim=1, stable=True)[:, :atoms]
    return tried.gather(1, order[:, :, None].expand(-1, -1, 3)), there.gather(1, order)
