"""Atom-centred symmetry functions around an absorber, resolved by element."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.structures.elements import symbol

__all__ = ["SymmetryFunctions"]

_ABSENT, _ANY = -1, 0  # slots without an element; the slot of all elements that have none


class SymmetryFunctions(nn.Module):
    """Radial and angular symmetry functions of atom 0, as square roots.

    For each element sums of exp(-eta (r - r_s)^2) f(r) (G2), for each pair of elements of
    2^(1 - zeta) (1 + lambda cos angle)^zeta exp(-eta (r^2 + r'^2)) f(r) f(r') (G5; Behler, J. Chem.
    Phys. 134, 074106 (2011)), where f falls to zero at the cut-off as a cosine. There is a slot for
    each of the most frequent elements of the training clusters, and one for all others. A square
    root, since z-scores of rare elements' columns would lie hundreds of deviations away.
    """

    clip: float | None = 3.5
    most = 160  # atoms: more than lie within the cut-off in the densest solid
    elements: Tensor
    shifts: Tensor
    first: Tensor
    second: Tensor
    share: Tensor

    def __init__(self, slots: int = 8, cutoff: float = 5.0, radial: int = 16) -> None:
        super().__init__()
        self.slots, self.cutoff, self.radial = slots, cutoff, radial
        self.register_buffer("elements", torch.full((slots + 1,), _ABSENT))
        shifts = torch.linspace(0.8, cutoff - 0.3, radial)
        self.register_buffer("shifts", shifts, persistent=False)
        self.eta = 0.5 / float(shifts[1] - shifts[0]) ** 2
        # (eta, zeta, lambda): two ranges, two sharpnesses, both signs.
        self.angular = tuple(
            (eta, zeta, sign) for eta in (0.01, 0.08) for zeta in (1.0, 4.0) for sign in (1.0, -1.0)
        )
        first, second = torch.triu_indices(slots + 1, slots + 1)
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        # Of like atoms each pair is summed twice.
        share = torch.where(first == second, 0.5, 1.0)
        self.register_buffer("share", share, persistent=False)
        self.size = (slots + 1) * radial + len(first) * len(self.angular)

    def fit(self, numbers: Tensor) -> None:
        """Give slots to the elements that most training clusters (N, A) hold beside atom 0."""
        around = numbers[:, 1:]
        kinds = np.unique(around.numpy())
        held = {int(z): int((around == z).any(dim=1).sum()) for z in kinds if z > 0}
        chosen = sorted(held, key=lambda z: (-held[z], z))[: self.slots]
        self.elements.fill_(_ABSENT)
        self.elements[: len(chosen)] = torch.tensor(chosen, dtype=self.elements.dtype)
        self.elements[-1] = _ANY

    def labels(self, numbers: Tensor) -> tuple[str, ...]:
        """Return the features' names: `O r=1.32`, `H-O eta=0.01 zeta=4 lambda=-1`."""
        known = {_ABSENT: "none", _ANY: "other"}
        slots = [known.get(z) or symbol(z) for z in self.elements.tolist()]
        radial = [f"{slot} r={r:.2f}" for slot in slots for r in self.shifts.tolist()]
        angular = [
            f"{slots[i]}-{slots[j]} eta={eta:g} zeta={zeta:g} lambda={sign:g}"
            for i, j in zip(self.first.tolist(), self.second.tolist(), strict=True)
            for eta, zeta, sign in self.angular
        ]
        return (*radial, *angular)

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, size) of clusters (N, A) and (N, A, 3), atom 0 absorbing, padding number 0."""
        sums = torch.cat(self.functions(numbers, positions), dim=1)
        return sums.clamp(min=0.0).sqrt()

    def functions(self, numbers: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums themselves, G2 (N, slots * radial) and G5 (N, pairs * angular)."""
        around, places = numbers[:, 1:], positions[:, 1:] - positions[:, :1]
        distance = (places**2).sum(dim=2).sqrt()  # (N, A)
        inside = (around > 0) & (distance < self.cutoff)
        fall = 0.5 * (torch.cos(math.pi / self.cutoff * distance) + 1) * inside  # (N, A)
        member = self._members(around)  # (N, A, slots)
        shells = torch.exp(-self.eta * (distance[:, :, None] - self.shifts) ** 2)
        g2 = member.transpose(1, 2) @ (shells * fall[:, :, None])  # (N, slots, radial)
        unit = places / distance.clamp(min=1e-6)[:, :, None]
        cosine = (unit @ unit.transpose(1, 2)).clamp(-1, 1)  # (N, A, A)
        place = torch.arange(around.shape[1], device=around.device)
        other = place[:, None] != place  # (A, A): an atom with itself is no pair
        parts = []
        for eta, zeta, sign in self.angular:
            weighted = member * (torch.exp(-eta * distance**2) * fall)[:, :, None]
            bend = other * 2 ** (1 - zeta) * (1 + sign * cosine) ** zeta  # (N, A, A)
            both = weighted.transpose(1, 2) @ bend @ weighted  # (N, slots, slots)
            parts.append(both[:, self.first, self.second] * self.share)  # (N, pairs)
        g5 = torch.stack(parts, dim=2)  # (N, pairs, angular)
        return g2.flatten(1), g5.flatten(1)

    def _members(self, around: Tensor) -> Tensor:
        """Return which atoms (N, A) fill which slots (N, A, slots): 0 or 1."""
        named = around[:, :, None] == self.elements[:-1]
        other = ~named.any(dim=2, keepdim=True) & (around[:, :, None] > 0)
        return torch.cat([named, other], dim=2).to(self.shifts.dtype)
