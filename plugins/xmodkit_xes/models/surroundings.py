"""What surrounds each atom of a cluster, and densities of atoms about the absorber."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from xmodkit_xes.models.properties import PROPERTIES, properties

__all__ = ["Shells", "Surroundings", "harmonics"]

_NEAR = 0.3  # angstrom: closer than any two atoms, so an atom and itself


class Shells(nn.Module):
    """Gaussian shells of distances, cut off smoothly: distances (N, ...) to (N, shells, ...).

    Shells come before atoms: what is long lies contiguous, and is several times as fast.
    """

    centres: Tensor
    widths: Tensor

    def __init__(self, centres: tuple[float, ...], cutoff: float) -> None:
        super().__init__()
        points = torch.tensor(centres)
        steps = torch.diff(points, append=points[-1:] + points[-1:] - points[-2:-1])
        self.cutoff = cutoff
        self.register_buffer("centres", points, persistent=False)
        self.register_buffer("widths", 0.75 * steps, persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Return how much of each shell a distance is in; nothing beyond the cut-off."""
        inside = (distance < self.cutoff) & (distance > _NEAR)
        fall = 0.5 * (torch.cos(math.pi / self.cutoff * distance) + 1) * inside
        each = (-1,) + (1,) * (distance.ndim - 1)
        offset = (distance.unsqueeze(1) - self.centres.view(each)) / self.widths.view(each)
        return torch.exp(-0.5 * offset**2) * fall.unsqueeze(1)


class Surroundings(nn.Module):
    """The atoms about each atom: sums over its neighbours of element properties, by shell.

    Nothing here is learned, so training computes it once.
    """

    weights: Tensor
    _weighed = tuple(PROPERTIES.index(name) for name in
                     ("is there", "electronegativity", "covalent radius", "period", "group",
                      "hydrogen"))  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.shells = Shells((1.05, 1.25, 1.4, 1.55, 1.75, 2.0, 2.3, 2.6, 3.0, 3.4), 3.6)
        table = torch.from_numpy(properties())
        self.register_buffer("weights", table[:, list(self._weighed)], persistent=False)
        self.size = len(self._weighed) * len(self.shells.centres)

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, A, size) of clusters (N, A) and (N, A, 3)."""
        x, y, z = positions.unbind(2)
        distance = (_apart(x) ** 2 + _apart(y) ** 2 + _apart(z) ** 2).sqrt()
        shells = self.shells(distance)  # (N, S, A, A), symmetric in the atoms
        weights = self.weights[numbers.long()]  # (N, A, weights); none of padding
        sums = weights.transpose(1, 2).unsqueeze(1) @ shells  # (N, S, weights, A)
        there = (numbers > 0).to(positions.dtype)  # of the atom in question
        around: Tensor = sums.permute(0, 3, 1, 2).flatten(2) * there.unsqueeze(2)
        return around


def _apart(place: Tensor) -> Tensor:
    """Return the differences (N, A, A) along one axis."""
    return place[:, :, None] - place[:, None]


def harmonics(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Return real harmonics of unit vectors, components (N, A): l = 0 to 3, (N, 16, A).

    Scaled so that their products, summed over m, are Legendre polynomials of the cosine.
    """
    root = math.sqrt
    return torch.stack(
        [
            torch.ones_like(x),
            x,
            y,
            z,
            root(3) * x * y,
            root(3) * y * z,
            (3 * z * z - 1) / 2,
            root(3) * x * z,
            root(3) / 2 * (x * x - y * y),
            root(5 / 8) * y * (3 * x * x - y * y),
            root(15) * x * y * z,
            root(3 / 8) * y * (5 * z * z - 1),
            z * (5 * z * z - 3) / 2,
            root(3 / 8) * x * (5 * z * z - 1),
            root(15) / 2 * z * (x * x - y * y),
            root(5 / 8) * x * (x * x - 3 * y * y),
        ],
        dim=1,
    )
