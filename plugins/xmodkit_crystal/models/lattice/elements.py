"""Elements as points by their place in the periodic table: neighbours there are alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit.structures.periodic_table import groups

__all__ = ["ELEMENT_CODE", "ElementCode"]

ELEMENT_CODE = 3
_LAST = 118
# Atomic number of the noble gas that closes each period.
_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
_ABSENT = -2.0  # of a slot without a species: far from all elements


class ElementCode(nn.Module):
    """Three numbers for an atomic number, and the nearest element for any three.

    Period, group and place among the f elements, each about -1..1: interpolating between V and Nb
    passes no noble gas.
    """

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        absent = [_ABSENT] * ELEMENT_CODE
        table = torch.tensor([absent, *(_place(number) for number in range(1, _LAST + 1))])
        self.register_buffer("table", table, persistent=False)  # (119, 3)

    def encode(self, species: Tensor) -> Tensor:
        """Return codes (B, slots, 3) of atomic numbers (B, slots), 0 of none."""
        return self.table[species.long()]

    def decode(self, code: Tensor) -> Tensor:
        """Return the atomic numbers (B, slots) nearest to codes (B, slots, 3)."""
        away = (code[:, :, None] - self.table).square().sum(dim=3)  # (B, slots, 119)
        return away.argmin(dim=2).to(torch.int32)


def _place(number: int) -> list[float]:
    """Return period, group and place among f elements of an atomic number, each about -1..1."""
    period = next(i for i, last in enumerate(_NOBLE) if number <= last)
    group = float(groups()[number])
    inner = number - _NOBLE[period - 1] - 3 if period >= 6 and group == 3 else 0
    return [(period - 4) / 3, (group - 9.5) / 8.5, inner / 7]
