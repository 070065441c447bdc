"""The Coulomb matrix of an absorber and its nearest atoms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit.structures.elements import symbol
from xmodkit_xes.models.internal import nearest

__all__ = ["CoulombMatrix"]

_FAR = 1e3  # Angstrom: more than any distance in a cluster


class CoulombMatrix(nn.Module):
    """The upper triangle of the Coulomb matrix, the absorber's row first.

    C_ii = Z^2.4 / 2 and C_ij = Z_i Z_j / |R_i - R_j| (Rupp et al., Phys. Rev. Lett. 108, 058301
    (2012)), with distances in Angstrom. Of the n nearest atoms the heavier come first, then the
    nearer: as long as they are of the same elements, which they are in the published study, a row
    means the same in every cluster, while by distance alone rows would swap elements. Rows without
    an atom are 0.
    """

    clip: float | None = 3.5
    first: Tensor
    second: Tensor

    def __init__(self, neighbours: int = 16) -> None:
        super().__init__()
        self.neighbours, self.most = neighbours, neighbours + 1
        first, second = torch.triu_indices(neighbours + 1, neighbours + 1)
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        self.size = len(first)

    def fit(self, numbers: Tensor) -> None:
        """Need nothing of the training clusters."""

    def labels(self, numbers: Tensor) -> tuple[str, ...]:
        """Return the features' names: `S*-O2` where a row is of one element, else `row 1-row 3`.

        `numbers` (N, A) are clusters by distance: those of which the names are to be true.
        """
        count = self.neighbours + 1
        padded = nn.functional.pad(numbers, (0, count))[:, :count]
        order = padded[:, 1:].sort(dim=1, descending=True).values
        ordered = torch.cat([padded[:, :1], order], dim=1)
        constant = bool((ordered == ordered[:1]).all()) and bool((ordered > 0).all())
        rows = _names(ordered[0].tolist()) if constant else [f"row {i}" for i in range(count)]
        pairs = zip(self.first.tolist(), self.second.tolist(), strict=True)
        return tuple(rows[i] if i == j else f"{rows[i]}-{rows[j]}" for i, j in pairs)

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, size) of clusters (N, A) and (N, A, 3), atom 0 absorbing, padding number 0."""
        around, places, distance = nearest(numbers, positions, self.neighbours)
        rank = around * (2 * _FAR) - distance  # heavier first, then nearer
        order = torch.topk(rank, self.neighbours, dim=1).indices  # (N, n)
        around = around.gather(1, order)
        places = places.gather(1, order[:, :, None].expand(-1, -1, 3))
        z = torch.cat([numbers[:, :1], around], dim=1).to(positions.dtype)  # (N, n + 1)
        r = nn.functional.pad(places, (0, 0, 1, 0))  # (N, n + 1, 3), the absorber at the origin
        between = (r[:, self.first] - r[:, self.second]).square().sum(dim=2).sqrt()  # (N, size)
        product = z[:, self.first] * z[:, self.second]
        diagonal = self.first == self.second
        between = torch.where(diagonal | (product == 0), 1.0, between)
        return torch.where(diagonal, 0.5 * z[:, self.first] ** 2.4, product / between)


def _names(elements: list[int]) -> list[str]:
    """Return the absorber with a star, the others with their rank among their like."""
    names = [f"{symbol(elements[0])}*"]
    for place, element in enumerate(elements[1:], start=1):
        names.append(f"{symbol(element)}{elements[1 : place + 1].count(element)}")
    return names
