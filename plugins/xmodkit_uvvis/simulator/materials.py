"""A material's optical constants: edges with Urbach tails, sub-gap bands, phases, dispersion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xmodkit_uvvis.simulator.oxides import OXIDES, Band

__all__ = ["ENERGY", "Floats", "Material", "Phase", "composition_spaces", "draw_material"]

Floats = NDArray[np.float64]

ENERGY: Floats = np.linspace(1.31, 3.1, 220)
"""Photon energies of the spectrometer in eV, as published (Stein et al. 2019)."""

HBAR_C = 0.1973269804  # eV um
STEP = ENERGY[1] - ENERGY[0]
BELOW, ABOVE = 110, 600  # grid points added on either side: 0.41 to 8.0 eV
WIDE: Floats = ENERGY[0] + STEP * np.arange(-BELOW, ENERGY.size + ABOVE)
WINDOW = slice(BELOW, BELOW + ENERGY.size)
UV_POLE = 10.0  # eV: where the transitions lie that the wide grid does not reach
SPACES = 78  # composition spaces of the published set


@dataclass(frozen=True)
class Phase:
    """One phase: direct gap, an indirect gap below it where it has one, tail, bands, index.

    Energies in eV, `strength` (1 eV above the direct gap) in 1/um; `indirect_share` is how strong
    the indirect edge is beside the direct one, 1 eV above each.
    """

    name: str
    direct: float
    indirect: float | None = None
    strength: float = 9.0
    urbach: float = 0.06
    bands: tuple[Band, ...] = ()
    index: float = 2.0
    indirect_share: float = 0.3

    def absorption(self, energy: Floats) -> Floats:
        """Return the absorption coefficient in 1/um at energies in eV."""
        alpha = self.strength * _edge(energy, self.direct, 0.5, self.urbach)
        if self.indirect is not None:
            share = self.strength * self.indirect_share
            alpha += share * _edge(energy, self.indirect, 2.0, self.urbach)
        for band in self.bands:
            alpha += band.strength * np.exp(-0.5 * ((energy - band.centre) / band.width) ** 2)
        return alpha


@dataclass(frozen=True)
class Material:
    """A mixture of phases by volume, with pores: its optical constants on `ENERGY`."""

    phases: tuple[Phase, ...]
    fractions: tuple[float, ...]
    composition: tuple[tuple[str, float], ...] = ()
    porosity: float = 0.0

    @property
    def space(self) -> str:
        """The composition space: its metals, in alphabetical order."""
        return "-".join(sorted(metal for metal, _ in self.composition))

    @property
    def principal(self) -> Phase:
        """The phase that absorbs most between 1.31 and 3.1 eV: its gaps are the material's."""
        shares = [
            fraction * phase.absorption(ENERGY).sum()
            for phase, fraction in zip(self.phases, self.fractions, strict=True)
        ]
        return self.phases[int(np.argmax(shares))]

    def absorption(self) -> Floats:
        """Return the absorption coefficient in 1/um on `ENERGY`, pores included."""
        return self._absorption(ENERGY)

    def index(self) -> NDArray[np.complex128]:
        """Return the complex refractive index n + ik on `ENERGY`.

        n - 1 is a single UV pole (Sellmeier) plus the Kramers-Kronig transform of k, so that an
        edge brings its own dispersion; phases and pores mix linearly by volume.
        """
        # No material absorbs alike up to 8 eV: roll off, so that the transform converges.
        rolled = self._absorption(WIDE) / (1.0 + np.exp((WIDE - 6.5) / 0.3))
        k = HBAR_C * rolled / (2.0 * WIDE)
        uv = sum(f * p.index for f, p in zip(self.fractions, self.phases, strict=True))
        pole = 1.0 + (uv**2 - 1.0) / (1.0 - (ENERGY / UV_POLE) ** 2)
        n = 1.0 + (1.0 - self.porosity) * (np.sqrt(pole) - 1.0) + _kramers_kronig() @ k
        constants: NDArray[np.complex128] = n + 1j * k[WINDOW]
        return constants

    def _absorption(self, energy: Floats) -> Floats:
        total = np.zeros_like(energy)
        for phase, fraction in zip(self.phases, self.fractions, strict=True):
            total += (1.0 - self.porosity) * fraction * phase.absorption(energy)
        return total


def _edge(energy: Floats, gap: float, power: float, urbach: float) -> Floats:
    """Return (E - gap)^power / E, one at 1 eV above the gap, with an Urbach tail below.

    The tail exp((E - gap) / urbach) joins with equal value and slope at gap + power * urbach.
    """
    above = np.maximum(energy - gap, power * urbach)
    # Real bands have an end: a quadratic edge levels off some 2 eV above its gap.
    grown = above**power if power < 1 else above**power / np.sqrt(1.0 + (above / 2.0) ** 4)
    tail = np.exp(np.minimum((energy - gap) / urbach - power, 0.0))
    shape: Floats = grown * tail * (gap + 1.0) / np.maximum(energy, gap)
    return shape


@cache
def _kramers_kronig() -> Floats:
    """Return the matrix that takes k on the wide grid to n - n_uv on `ENERGY`.

    n(E) = 2/pi P int E' k(E') / (E'^2 - E^2) dE', by Maclaurin's rule: every other point, so the
    pole is never met (Ohta and Ishida, Appl. Spectrosc. 42, 952, 1988).
    """
    column, row = WIDE[None, :], ENERGY[:, None]
    odd = (np.arange(WIDE.size)[None, :] - BELOW - np.arange(ENERGY.size)[:, None]) % 2 == 1
    spread = np.where(odd, column**2 - row**2, np.inf)
    matrix: Floats = (2.0 / np.pi) * 2.0 * STEP * column / spread
    return matrix


@cache
def composition_spaces() -> tuple[tuple[str, str, str], ...]:
    """Return the composition spaces: three metals each, at least one of them colouring."""
    metals = tuple(OXIDES)
    coloured = tuple(metal for metal, oxide in OXIDES.items() if oxide.coloured)
    rng = np.random.default_rng(SPACES)
    spaces: list[tuple[str, str, str]] = []
    while len(spaces) < SPACES:
        # Every other space has two colouring metals, as libraries of photoabsorbers do.
        pools = (coloured, coloured if len(spaces) % 2 else metals, metals)
        names = sorted({pool[rng.integers(len(pool))] for pool in pools})
        if len(names) == 3 and tuple(names) not in spaces:
            spaces.append((names[0], names[1], names[2]))
    return tuple(spaces)


@cache
def _compound(first: str, second: str) -> Phase:
    """Return the mixed oxide of two metals: the same one in every simulation."""
    a, b = OXIDES[first], OXIDES[second]
    entropy = [ord(letter) for letter in f"{first}-{second}"]
    rng = np.random.default_rng(entropy)
    narrow, wide = sorted((min(a.direct, 4.5), min(b.direct, 4.5)))
    direct = float(np.clip(0.65 * narrow + 0.35 * wide + rng.normal(-0.15, 0.3), 1.2, 4.2))
    indirect = direct - rng.uniform(0.15, 0.7) if rng.random() < 0.4 else None
    bands = tuple(replace(band, strength=0.5 * band.strength) for band in a.bands + b.bands)
    return Phase(
        f"{first}-{second}-O",
        direct,
        None if indirect is None else float(indirect),
        0.5 * (a.strength + b.strength),
        bands=bands,
        index=0.5 * (a.index + b.index),
    )


def _binary(metal: str) -> Phase:
    oxide = OXIDES[metal]
    return Phase(
        oxide.name,
        oxide.direct,
        oxide.indirect,
        oxide.strength,
        bands=oxide.bands,
        index=oxide.index,
    )


def draw_material(rng: np.random.Generator) -> Material:
    """Draw a sample of one composition space: its phases, scattered as synthesis scatters them."""
    spaces = composition_spaces()
    metals = spaces[rng.integers(len(spaces))]
    atomic = rng.dirichlet((0.6, 0.6, 0.6))
    order = np.argsort(atomic)[::-1]
    major, minor = sorted((metals[order[0]], metals[order[1]]))
    # Share of the two main metals that reacts to their compound, limited by the scarcer one.
    reacted = rng.beta(0.8, 0.8) * float(atomic[order[1]])
    amounts = atomic.copy()
    amounts[order[:2]] -= reacted
    phases = [*(_binary(metal) for metal in metals), _compound(major, minor)]
    fractions = [*amounts, 2.0 * reacted]
    urbach = float(np.clip(rng.lognormal(np.log(0.07), 0.35), 0.03, 0.18))
    return Material(
        tuple(_scatter(phase, urbach, rng) for phase in phases),
        tuple(float(fraction) for fraction in fractions),
        tuple((metal, float(x)) for metal, x in zip(metals, atomic, strict=True)),
        float(rng.uniform(0.1, 0.45)),
    )


def _scatter(phase: Phase, urbach: float, rng: np.random.Generator) -> Phase:
    """Move a phase about its nominal values: strain, grain size, oxygen, impurities."""
    shift = float(rng.normal(0.0, 0.08))
    gain = np.exp(rng.normal(0.0, 0.25, len(phase.bands)))
    bands = [
        Band(band.centre + 0.5 * shift, band.width, band.strength * float(factor))
        for band, factor in zip(phase.bands, gain, strict=True)
    ]
    if rng.random() < 0.2:
        bands.append(
            Band(
                float(phase.direct - rng.uniform(0.4, 1.4)),
                float(rng.uniform(0.15, 0.5)),
                float(phase.strength * np.exp(rng.normal(np.log(0.03), 0.6))),
            )
        )
    return replace(
        phase,
        direct=phase.direct + shift,
        indirect=None if phase.indirect is None else phase.indirect + shift,
        strength=phase.strength * float(np.exp(rng.normal(0.0, 0.15))),
        urbach=urbach,
        bands=tuple(bands),
        indirect_share=float(rng.uniform(0.2, 0.4)),
    )
