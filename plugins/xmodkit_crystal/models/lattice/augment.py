"""Atoms moved about: what a network that rebuilds any arrangement must have seen."""

from __future__ import annotations

import torch
from torch import Tensor

from xmodkit_crystal.modalities import SLOTS

__all__ = ["disarranged"]

_STRAIN = 0.12  # standard deviation of the entries of a deformation
_MOVED_A = 0.25  # of positions
_LEFT_OUT = 0.15  # share of atoms
_REACH_A = 6.7  # from the middle: as far as crystals may reach


def disarranged(positions: Tensor, slots: Tensor) -> tuple[Tensor, Tensor]:
    """Return positions (B, A, 3) in A and slots (B, A) of like but other arrangements.

    Rotated at random, deformed, every atom displaced, some left out, slots exchanged. What is
    carried out of reach is left out.
    """
    batch, atoms, _ = positions.shape
    device = positions.device
    turned, _ = torch.linalg.qr(torch.randn(batch, 3, 3, device=device))
    strain = torch.eye(3, device=device) + _STRAIN * torch.randn(batch, 3, 3, device=device)
    moved = positions @ (turned @ strain)
    moved = moved + _MOVED_A * torch.randn(batch, atoms, 3, device=device)
    kept = (slots >= 0) & (torch.rand(batch, atoms, device=device) > _LEFT_OUT)
    kept &= moved.abs().amax(dim=2) < _REACH_A
    order = torch.argsort(torch.rand(batch, SLOTS, device=device), dim=1)  # (B, slots)
    exchanged = order.gather(1, slots.clamp(min=0))
    return moved, torch.where(kept, exchanged, -1)
