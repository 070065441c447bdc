"""The loss of our own models: errors of a spectrum, and errors of where its edges lie."""

from __future__ import annotations

import torch
from torch import Tensor

from xmodkit.modality import Array

__all__ = ["EdgeLoss"]

_LAG = 11  # energies, 90 meV: differences over it say where an edge lies
_MOVED = 0.5  # weight of the differences


class EdgeLoss:
    """Unexplained variance of spectra and of their differences over 90 meV, per energy.

    A band gap hangs on the edge's place, which squared errors of absorption hardly notice.
    """

    def __init__(self, spectra: Array) -> None:
        truth = torch.from_numpy(spectra)
        self.total = truth.var(dim=0) + 1e-6
        self.lag_total = _differences(truth).var(dim=0) + 1e-6

    def __call__(self, value: Tensor, truth: Tensor) -> Tensor:
        """Return the loss of spectra (..., N, 220) against the truth (N, 220)."""
        unexplained = ((value - truth) ** 2 / self.total).mean()
        moved = ((_differences(value) - _differences(truth)) ** 2 / self.lag_total).mean()
        return unexplained + _MOVED * moved


def _differences(spectrum: Tensor) -> Tensor:
    return spectrum[..., _LAG:] - spectrum[..., :-_LAG]
