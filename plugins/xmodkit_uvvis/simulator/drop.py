"""Printed drops on glass: thickness maps, coffee rings, roughness and lots that went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xmodkit_uvvis.simulator.materials import Floats
from xmodkit_uvvis.simulator.smoothing import smooth

__all__ = ["PITCH", "Drop", "Lot", "draw_drop", "thickness_map"]

Lot = Literal["blank", "regular", "merged", "scratched", "miscropped", "coarse", "thick"]

PITCH = 2.1  # mm from drop to drop
SCRATCH_DEPTH = 0.97  # share of the film that a scratch takes away
HARMONICS = np.arange(2, 6)  # of the outline: ellipse, triangle, ...


@dataclass(frozen=True)
class Drop:
    """The shape of a dried drop: lengths in mm, thickness in um.

    `ring` is the share of the solid in the coffee ring, at `ring_radius` (of the outline) and
    `ring_width` wide; the rest is a dome of the power `dome`. `wobble` holds the complex
    amplitudes of the outline's harmonics. `centres` are the places of the drop and of those
    beside it. `pixel_spread` is the relative spread of the thickness within a pixel, `scatter`
    the film's scattering in 1/um.
    """

    thickness: float
    radius: float
    ring: float
    ring_radius: float
    ring_width: float
    dome: float
    taper: float
    wobble: tuple[complex, ...]
    centres: tuple[complex, ...]
    roughness: float
    grain: float
    pixel_spread: float
    scatter: float
    scratches: tuple[tuple[float, float, float], ...] = ()

    def profile(self, place: np.ndarray[tuple[int, int], np.dtype[np.complex128]]) -> Floats:
        """Return the relative thickness at places x + iy in mm about the drop's centre."""
        distance = np.abs(place) + 1e-9
        direction = place / distance
        outline = np.full(place.shape, self.radius)
        turned = direction
        for amplitude in self.wobble:
            turned = turned * direction  # exp(i m angle)
            outline += self.radius * (amplitude * turned).real
        rho = distance / outline
        dome = np.maximum(1.0 - 0.8 * rho**2, 0.0) ** self.dome
        ring = np.exp(-0.5 * ((rho - self.ring_radius) / self.ring_width) ** 2)
        # Both parts hold the same solid at the same weight: integral of profile * rho.
        dome *= 0.8 * (self.dome + 1.0) / (1.0 - 0.2 ** (self.dome + 1.0))
        ring /= np.sqrt(8.0 * np.pi) * self.ring_width * self.ring_radius
        edge = np.clip((1.0 - rho) / self.taper, 0.0, 1.0)
        shape: Floats = ((1.0 - self.ring) * dome + self.ring * ring) * edge * edge * (3 - 2 * edge)
        return shape


def draw_drop(rng: np.random.Generator, lot: Lot, radius: float) -> Drop:
    """Draw a drop of a lot; `radius` in mm is what the plate's printer makes on average."""
    ring = float(rng.beta(1.6, 3.0))
    wobble = rng.normal(0.0, 0.02, (2, HARMONICS.size)) / (HARMONICS - 1) ** 0.5
    centre = complex(*rng.normal(0.0, 0.04, 2))
    centres = [centre]
    if lot == "merged":
        centres.append(centre + rng.uniform(0.6, 1.1) * np.exp(2j * np.pi * rng.random()))
    thickness = float(rng.lognormal(np.log(0.13), 0.65)) * (3.0 if lot == "thick" else 1.0)
    scratches = [
        (float(rng.uniform(0.0, np.pi)), float(rng.normal(0.0, 0.3)), float(rng.uniform(0.02, 0.1)))
        for _ in range(rng.integers(1, 4) if lot == "scratched" else 0)
    ]
    return Drop(
        thickness=float(np.clip(thickness, 0.02, 1.6)),
        radius=radius * float(np.exp(rng.normal(0.0, 0.06))),
        ring=ring,
        ring_radius=float(rng.uniform(0.86, 0.93)),
        ring_width=float(rng.uniform(0.025, 0.06)),
        dome=float(rng.uniform(0.05, 0.8)),
        taper=float(rng.uniform(0.04, 0.1)),
        wobble=tuple(complex(a, b) for a, b in wobble.T),
        centres=tuple(complex(c) for c in centres),
        roughness=float(rng.uniform(0.03, 0.16)),
        grain=float(rng.uniform(1.5, 6.0)),
        pixel_spread=float(rng.uniform(0.03, 0.15)),
        scatter=float(rng.lognormal(np.log(0.12), 0.9)),
        scratches=tuple(scratches),
    )


def thickness_map(
    drop: Drop, rng: np.random.Generator, size: int, pixel: float, neighbour: complex | None = None
) -> Floats:
    """Return the film's thickness in um, (size, size), about the nominal centre.

    `pixel` is in mm; `neighbour` the place in mm of the next drop of the grid, where a shifted
    crop will show it. Glass without film is exactly zero.
    """
    axis = (np.arange(size) - 0.5 * (size - 1)) * pixel
    place = axis[None, :] + 1j * axis[:, None]
    centres = drop.centres if neighbour is None else (*drop.centres, drop.centres[0] + neighbour)
    relief = np.zeros((size, size))
    for centre in centres:
        relief += drop.profile(place - centre)
    relief *= np.exp(drop.roughness * _grain(rng, size, drop.grain))
    for angle, offset, width in drop.scratches:
        across = np.abs((place * np.exp(-1j * angle)).imag - offset)
        relief *= 1.0 - SCRATCH_DEPTH * (across < 0.5 * width)
    return drop.thickness * relief


def _grain(rng: np.random.Generator, size: int, length: float) -> Floats:
    """Return a field of zero mean and unit variance, correlated over `length` pixels."""
    noise = rng.standard_normal((size, size))
    field = smooth(noise, length)
    grain: Floats = field / field.std()
    return grain
