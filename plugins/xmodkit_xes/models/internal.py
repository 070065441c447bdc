"""Internal coordinates of an absorber with two neighbours: two bonds and the angle between."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["InternalCoordinates", "nearest"]


class InternalCoordinates(nn.Module):
    """The bonds to the two nearest atoms in Angstrom, the shorter first, and the angle in degrees.

    So sorted, the water molecule of the published study is the same whichever hydrogen is named
    first. What a cluster has no atoms for is 0.
    """

    names = ("short", "long", "angle")
    size = 3
    most = 3  # atoms of a cluster that it looks at
    clip: float | None = None

    def fit(self, numbers: Tensor) -> None:
        """Need nothing of the training clusters."""

    def labels(self, numbers: Tensor) -> tuple[str, ...]:
        """Return the features' names."""
        return self.names

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, 3) of clusters (N, A) and (N, A, 3), atom 0 absorbing, padding number 0."""
        _, places, length = nearest(numbers, positions, 2)  # (N, 2, 3), (N, 2)
        (ax, ay, az), (bx, by, bz) = places[:, 0].unbind(1), places[:, 1].unbind(1)
        cross = torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], dim=1)
        dot = (places[:, 0] * places[:, 1]).sum(dim=1)
        # By both sine and cosine: the cosine alone loses half the digits of a straight angle.
        angle = torch.rad2deg(torch.atan2((cross**2).sum(dim=1).sqrt(), dot))  # (N,)
        return torch.cat([length, angle[:, None]], dim=1)


def nearest(numbers: Tensor, positions: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the n atoms nearest to atom 0: numbers (N, n), places relative to it, distances.

    Where there are fewer, all three are 0. Clusters are (N, A) and (N, A, 3).
    """
    around = nn.functional.pad(numbers[:, 1:], (0, n))  # (N, A - 1 + n)
    places = positions[:, 1:] - positions[:, :1]
    places = nn.functional.pad(places, (0, 0, 0, n))  # (N, A - 1 + n, 3)
    real = around > 0
    distance = (places**2).sum(dim=2).sqrt()
    # A number no distance reaches, not infinity: the padding's order must not matter either.
    apart, order = torch.topk(torch.where(real, distance, 1e6), n, dim=1, largest=False)  # (N, n)
    chosen = torch.where(apart < 1e5, around.gather(1, order), 0)
    places = places.gather(1, order[:, :, None].expand(-1, -1, 3))
    exists = chosen > 0
    return chosen, places * exists[:, :, None], torch.where(exists, apart, 0.0)
