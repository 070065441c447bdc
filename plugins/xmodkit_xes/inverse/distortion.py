"""What an instrument does to a curve: shift its energies and broaden it, with exact slopes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import DataError

__all__ = ["Distortion", "Floats"]

Floats = NDArray[np.float64]

# Relative: a grid written with three decimals still counts as even.
_EVEN = 1e-2


@dataclass(frozen=True)
class Distortion:
    """Shift and Gaussian broadening of curves on an even grid of energies (E,), in eV.

    Both are one multiplication in Fourier space, exp(-i w shift - w^2 variance / 2). Outside the
    grid a curve goes on at its edge's value, then bends back to its other edge, so that nothing
    jumps where it wraps round. Raise `DataError` if the grid is not even.
    """

    energies: Floats

    def __post_init__(self) -> None:
        steps = np.diff(self.energies)
        if len(steps) < 8 or steps.min() <= 0 or np.ptp(steps) > _EVEN * steps.mean():
            raise DataError(
                "energies of the decoder: an evenly spaced, rising grid of 9 or more points "
                "expected; train it on one (`xmod ingest --grid`)"
            )

    def __call__(self, curves: Floats, shift: Floats, variance: Floats) -> Floats:
        """Return curves (..., E) moved up by `shift` (...) eV and broadened by `variance` eV^2."""
        return self._back(self._spectrum(curves, shift, variance))

    def with_slopes(
        self, curves: Floats, shift: Floats, variance: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return the distorted curves and their derivatives by shift and by variance."""
        spectrum = self._spectrum(curves, shift, variance)
        by_shift = self._back(-1j * self._frequencies * spectrum)
        by_variance = self._back(-0.5 * self._frequencies**2 * spectrum)
        return self._back(spectrum), by_shift, by_variance

    @cached_property
    def _frequencies(self) -> Floats:
        step = (self.energies[-1] - self.energies[0]) / (len(self.energies) - 1)
        return 2 * np.pi * np.fft.rfftfreq(2 * len(self.energies), step)

    @cached_property
    def _bend(self) -> Floats:
        """The weight of the first point beyond the last: 0, then a half cosine, then 1."""
        position = np.linspace(0, 1, len(self.energies) + 2)[1:-1]
        return 0.5 - 0.5 * np.cos(np.pi * np.clip(2 * position - 0.5, 0, 1))

    def _spectrum(self, curves: Floats, shift: Floats, variance: Floats) -> NDArray[np.complex128]:
        first, last = curves[..., :1], curves[..., -1:]
        closed = np.concatenate([curves, last + (first - last) * self._bend], axis=-1)
        w = self._frequencies
        factor = np.exp(-1j * w * shift[..., None] - 0.5 * w**2 * variance[..., None])
        return np.asarray(np.fft.rfft(closed) * factor)

    def _back(self, spectrum: NDArray[np.complex128]) -> Floats:
        points = len(self.energies)
        return np.asarray(np.fft.irfft(spectrum, 2 * points)[..., :points])
