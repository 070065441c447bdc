"""What colour cannot tell: spectra of specimens whose noise-free colours are equal.

The simulator's own samples, seen by one perfect scanner: no noise, no compression, one exposure,
one white balance, one filter. What is learned from these colours is learned without any of the
nuisances that a real scan has, so its error is a floor for everything that reads colour.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from xmodkit_uvvis.simulator.optics import Slide, on_backing
from xmodkit_uvvis.simulator.scanner import Scanner, level_colours

__all__ = ["noise_free"]

Floats = NDArray[np.float32]
RINGS = (0.0, 0.2, 0.35, 0.45, 0.55, 0.65, 0.75, 0.9, 2.0)  # half-widths of the crop
BEAM = 0.63  # half-widths: the radius of the spectrometer's spot
CHUNK = 200
simulator = import_module("xmodkit_uvvis.simulator.simulate")  # the package names its function so


def noise_free(n: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return mean colour under the beam (n, 3), colours of the drop (n, 78), spectra (n, 220)."""
    starts = range(0, n, CHUNK)
    with ProcessPoolExecutor(2) as pool:
        parts = list(pool.map(_chunk, [seed] * len(starts), starts))
    beam, drop, spectra = (np.concatenate(part)[:n] for part in zip(*parts, strict=True))
    return beam, drop, spectra


def _chunk(seed: int, start: int) -> tuple[Floats, Floats, Floats]:
    with patch.object(simulator, "_scan", _perfect_scan):
        samples = list(simulator.simulate(CHUNK, seed, start=start))
    colours = [_colours(sample.arrays["scan"]["scan"]) for sample in samples]
    spectra = np.stack([sample.arrays["absorption"]["absorption"] for sample in samples])
    found = np.log(np.maximum(np.stack(colours), 0.0) + 0.02).astype(np.float32)
    return found[:, :3], found, spectra


def _perfect_scan(
    rng: np.random.Generator, lot: str, slide: Slide, levels: Any, relief: Any, scanner: Scanner
) -> NDArray[np.float64]:
    """Return linear light (y, x, 3) as the nominal scanner would see it without noise."""
    nominal = Scanner(lamp=scanner.lamp)
    seen = on_backing(
        slide, nominal.backing_reflectance(), film_up=nominal.film_up, specular=nominal.specular
    )
    colours = level_colours(seen, nominal)
    return np.stack([np.interp(relief, levels, channel) for channel in colours.T], axis=-1)


def _colours(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means under the beam and in rings, and 17 quantiles, of each channel."""
    axis = np.linspace(-1, 1, light.shape[0])
    radius = np.hypot(axis[:, None], axis[None, :])
    rings = [light[(radius >= a) & (radius < b)].mean(axis=0) for a, b in pairwise(RINGS)]
    quantiles = np.quantile(light.reshape(-1, 3), np.linspace(0, 1, 17), axis=0)
    return np.concatenate([light[radius < BEAM].mean(axis=0), *rings, quantiles.ravel()])
