"""Light in a coherent film on thick, incoherent glass, at normal incidence.

The same answer as `tmm.inc_tmm` (Byrnes, arXiv:1603.02720), which takes one wavelength and one
stack at a time; this one takes all energies and thicknesses at once and agrees with it to 1e-10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit_uvvis.simulator.materials import ENERGY, HBAR_C, Floats

__all__ = ["Slide", "film_on_glass", "glass_index", "on_backing", "smear"]

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Slide:
    """Transmittance of film on glass, and its reflectance from the film and the glass side.

    Arrays (thickness, energy), as fractions of the incident power.
    """

    transmittance: Floats
    film_side: Floats
    glass_side: Floats


def glass_index(energy: Floats = ENERGY) -> Complex:
    """Return the complex index of float glass: BK7-like Cauchy terms, a trace of iron."""
    wavelength = 2.0 * np.pi * HBAR_C / energy  # um
    n = 1.5046 + 0.00420 / wavelength**2
    k = 4e-8 * (1.0 + 2.0 * np.exp(-0.5 * ((energy - 1.2) / 0.25) ** 2))
    index: Complex = n + 1j * k
    return index


def film_on_glass(
    film: Complex,
    thickness: Floats,
    energy: Floats = ENERGY,
    glass: Complex | None = None,
    glass_thickness: float = 2200.0,
) -> Slide:
    """Return what a slide in air transmits and reflects.

    `film` and `glass` are complex indices (energy,), `thickness` (thickness,) and
    `glass_thickness` are in um, `energy` in eV. The film is coherent, the glass is not.
    """
    substrate = glass_index(energy) if glass is None else glass
    wavenumber = energy / HBAR_C  # 1/um
    # Front and back amplitude coefficients: air 0, film 1, glass 2; single pass phase^2.
    r01 = (1.0 - film) / (1.0 + film)
    r12 = (film - substrate) / (film + substrate)
    twice = np.exp(2j * wavenumber * film * thickness[:, None])
    inner = 1.0 + r01 * r12 * twice
    once = np.abs(twice) / np.abs(inner) ** 2
    into = 2.0 / (1.0 + film) * (2.0 * film / (film + substrate))
    out_of = 2.0 * substrate / (film + substrate) * (2.0 * film / (1.0 + film))
    film_down = once * np.abs(into) ** 2 * substrate.real
    film_up = once * np.abs(out_of) ** 2 / substrate.real
    reflect_outer = np.abs((r01 + r12 * twice) / inner) ** 2
    reflect_inner = np.abs((r12 + r01 * twice) / inner) ** 2
    # The glass adds intensities, not amplitudes.
    bare = np.abs((1.0 - substrate) / (1.0 + substrate)) ** 2
    enter = np.abs(2.0 / (1.0 + substrate)) ** 2 * substrate.real
    leave = np.abs(2.0 * substrate / (1.0 + substrate)) ** 2 / substrate.real
    passed = np.exp(-2.0 * wavenumber * substrate.imag * glass_thickness)
    echoes = 1.0 - reflect_inner * bare * passed**2
    return Slide(
        film_down * passed * leave / echoes,
        reflect_outer + film_down * film_up * passed**2 * bare / echoes,
        bare + enter * leave * passed**2 * reflect_inner / echoes,
    )


def on_backing(slide: Slide, backing: Floats, *, film_up: bool, specular: float) -> Floats:
    """Return the reflectance (thickness, energy) that a scanner sees of a slide on a backing.

    Light passes the slide, meets a diffuse `backing` (energy,) and passes the slide again; what
    bounces between backing and slide is summed. The sensor looks from beside the mirror angle,
    so only the share `specular` of the slide's own reflection reaches it. `film_up`: the glass
    faces the lamp.
    """
    lamp_side, backing_side = slide.film_side, slide.glass_side
    if film_up:
        lamp_side, backing_side = backing_side, lamp_side
    two_passes = slide.transmittance**2 * backing / (1.0 - backing * backing_side)
    return specular * lamp_side + two_passes


def smear(slide: Slide, thickness: Floats, spread: float) -> Slide:
    """Average a slide over the thickness spread within a pixel, which damps its fringes.

    `spread` is the relative standard deviation of the thickness; `thickness` are the slide's
    levels, evenly spaced from zero.
    """
    sigma = spread * thickness[:, None] + 1e-3 * thickness[1]
    weights = np.exp(-0.5 * ((thickness[None, :] - thickness[:, None]) / sigma) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return Slide(
        weights @ slide.transmittance, weights @ slide.film_side, weights @ slide.glass_side
    )
