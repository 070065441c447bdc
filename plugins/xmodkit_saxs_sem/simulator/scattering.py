"""Small-angle scattering in transmission: the mean power of many windows of projected density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xmodkit_saxs_sem.simulator.grid import Floats, Grid
from xmodkit_saxs_sem.simulator.morphology import bottom_layer, density, level_field
from xmodkit_saxs_sem.simulator.parameters import Film

__all__ = ["WINDOWS", "Scattering", "scatter"]

_PIXEL_NM = 3.2  # its Nyquist wave number, .98 1/nm, lies beyond the detector's edge
_WINDOW = 160  # px: 512 nm
_ACROSS = 4  # windows along each side of a realisation
_REALISATIONS = 4
_PADDING = 2  # so that the power, which varies twice as fast, can be interpolated

WINDOWS = _REALISATIONS * _ACROSS**2


@dataclass(frozen=True)
class Scattering:
    """The power (n, n) at wave vectors `step` apart, qy up, zero at n // 2; and the films' level.

    `level` is that of the (top layer's) level field above which the bright phase lies.
    """

    power: Floats
    step: float
    level: float


def scatter(film: Film, rng: np.random.Generator) -> Scattering:
    """Return the scattering of a film from realisations of its own.

    Each of the windows has its mean subtracted and is weighted by a Hann window; they are cut
    without overlap from a few large realisations. Neighbours are correlated, which does no harm:
    powers are averaged, so that phases do not matter.
    """
    from scipy import fft

    grid = Grid(_WINDOW * _ACROSS, _WINDOW * _ACROSS, _PIXEL_NM)
    layers = [film, *([below] if (below := bottom_layer(film)) else [])]
    levels: list[float] = []
    size = _PADDING * _WINDOW
    power = np.zeros((size, size // 2 + 1))
    for _ in range(_REALISATIONS):
        projected = np.zeros(grid.shape, np.float32)
        for layer in layers:
            field = level_field(layer, grid, rng)
            level = float(np.quantile(field[::4, ::4], 1.0 - film.phi))
            projected += density(layer, field, level)
            if layer is film:
                levels.append(level)
        waves = fft.rfft2(_windows(projected), s=(size, size), workers=1)
        power += (waves.real**2 + waves.imag**2).sum(axis=0)
    whole = _both_halves((power / (WINDOWS * len(layers) ** 2)).astype(np.float32))
    return Scattering(whole, 2 * np.pi / (size * _PIXEL_NM), float(np.mean(levels)))


def _windows(projected: Floats) -> Floats:
    """Return the windows (count, size, size) of a field, without their mean and tapered."""
    tiled = projected.reshape(_ACROSS, _WINDOW, _ACROSS, _WINDOW).transpose(0, 2, 1, 3)
    blocks = tiled.reshape(-1, _WINDOW, _WINDOW)
    hann = np.hanning(_WINDOW + 1)[:-1]
    taper = np.outer(hann, hann).astype(np.float32)
    means = np.tensordot(blocks, taper / taper.sum(), 2)
    windows: Floats = (blocks - means[:, None, None]) * taper
    return windows


def _both_halves(half: Floats) -> Floats:
    """Return the whole plane, zero in the middle, rows down = -qy, of a half with qx >= 0."""
    size = half.shape[0]
    # Rows of the transform count places downwards as the image does: its row frequency is -qy.
    right = np.fft.fftshift(half, axes=0)  # rows -n/2 .. n/2 - 1
    whole = np.empty((size, size), half.dtype)
    whole[:, size // 2 :] = right[:, :-1]
    whole[:, 0] = right[:, -1]
    turned = np.roll(right[::-1], 1, axis=0)  # Friedel: I(-q) = I(q)
    whole[:, 1 : size // 2] = turned[:, 1:-1][:, ::-1]
    return whole
