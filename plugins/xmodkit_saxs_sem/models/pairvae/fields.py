"""Binarising for a PairVAE as wide as published: 192 pixels of 2 nm for a field of 384 nm."""

from __future__ import annotations

from torch import Tensor

from xmodkit_saxs_sem.models.binarise import Binarise

__all__ = ["FineBinarise"]


class FineBinarise(Binarise):
    """Levels in pixels of 2 nm to the bright phase in pixels of 2 nm: as published, not halved."""

    def forward(self, levels: Tensor) -> Tensor:
        """Return 1 in the bright phase, 0 elsewhere: (N, y - 32, x - 32), given (N, y, x)."""
        return self.fine(levels)
