"""What a scattering pattern looks like whatever its orientation and spacing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE

__all__ = ["Profile"]

_HARMONICS = (2, 4, 6)
_FIRST = 2  # rings nearer to the beam are never measured
_STRONGEST = 6  # ring (0.1 1/nm) from which on the first peak is looked for
_FROM, _TO, _BETWEEN = 0.5, 3.625, 0.125  # in units of the first peak's q


class Profile(nn.Module):
    """Mean log intensity around rings, and how strongly it varies there, on q over q*.

    q* is that of the ring that scatters most. Harmonics of the angle tell lines (2) from dots
    (4 and 6). The last feature is log q*.
    """

    rings: Tensor
    waves: Tensor
    reduced: Tensor
    places: Tensor

    def __init__(self, size: int = SIZE) -> None:
        super().__init__()
        axis = (torch.arange(size) - size // 2).float()
        radius, angle = torch.hypot(axis[:, None], axis), torch.atan2(-axis[:, None], axis)
        count = size // 2 - 2
        numbers = torch.arange(_FIRST, _FIRST + count)
        rings = torch.round(radius)[None] == numbers[:, None, None]
        waves = [torch.ones_like(angle)]
        for order in _HARMONICS:
            waves += [torch.cos(order * angle), torch.sin(order * angle)]
        # 0 or 1 in a byte: as floats they would be a third of a model file.
        self.register_buffer("rings", rings.flatten(1).to(torch.uint8))  # (rings, G * G)
        self.register_buffer("waves", torch.stack(waves).flatten(1))  # (7, G * G)
        self.register_buffer("reduced", torch.arange(_FROM, _TO, _BETWEEN))
        self.register_buffer("places", torch.arange(count).float())
        self.size = len(self.reduced) * (1 + len(_HARMONICS)) + 1

    def forward(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return features (N, size) of patterns (N, G, G); 0 where a ring was not measured."""
        curves = self._rings(log, valid)  # (N, 4, rings)
        peak = self._peak(log, valid)  # (N,)
        at = (self.reduced * peak[:, None] - _FIRST).clamp(0.0, self.places.shape[0] - 1.0)
        near = (1 - (at[:, :, None] - self.places).abs()).clamp(min=0.0)  # (N, q, rings)
        told = curves @ near.transpose(1, 2)  # (N, 4, q)
        return torch.cat([told.flatten(1), torch.log(peak)[:, None]], dim=1)

    def _rings(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return mean and three harmonics of every ring (N, 4, rings)."""
        flat, weight, rings = (log * valid).flatten(1), valid.flatten(1), self.rings.T.float()
        measured = (weight @ rings).clamp(min=1.0)[:, None]  # (N, 1, rings)
        share = (flat[:, None] * self.waves) @ rings / measured  # (N, 7, rings)
        bare = (weight[:, None] * self.waves) @ rings / measured
        # Harmonics of what departs from the mean: gaps alone make none.
        moved = share[:, 1:] - share[:, :1] * bare[:, 1:]
        strength = torch.sqrt((moved[:, 0::2] ** 2 + moved[:, 1::2] ** 2).clamp(min=1e-6))
        return torch.cat([share[:, :1], strength], dim=1) * (measured > 4).float()

    def _peak(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return the place of the first peak (N,), in rings, from a parabola through its top."""
        scattered = (torch.pow(10.0, log) * valid).flatten(1) @ self.rings.T.float()  # (N, rings)
        scattered = torch.log(scattered.clamp(min=1e-6))
        inner = scattered[:, _STRONGEST - _FIRST : -1]
        top = inner.argmax(dim=1, keepdim=True) + _STRONGEST - _FIRST
        before, middle, after = (scattered.gather(1, top + step) for step in (-1, 0, 1))
        bend = (before - 2 * middle + after).clamp(max=-1e-3)
        moved = (0.5 * (before - after) / bend).clamp(-1.0, 1.0)
        return (top + _FIRST + moved)[:, 0]
