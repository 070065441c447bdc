"""O K-edge spectra of one water geometry by density functional theory: sticks, then curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import MissingExtraError
from xmodkit_xes.simulator.geometries import internal, placed

__all__ = ["ENERGIES_EV", "NotConvergedError", "Sticks", "curves", "sticks"]

Floats = NDArray[np.float64]

# Those of the shared set: every curve has 100 points.
ENERGIES_EV = {
    "xes": np.linspace(492.0, 508.0, 100),
    "xas": np.linspace(539.0, 565.0, 100),
    "xps": np.linspace(548.0, 553.0, 100),
}

_FUNCTIONAL, _BASIS = "pbe", "aug-cc-pvdz"
_GRID_LEVEL, _TOLERANCE_HA = 1, 1e-7  # of PySCF; finer ones move lines by a few meV at most
_OCCUPIED = 5  # orbitals of water; the first is O 1s
_HARTREE_EV = 27.211386245988
# Full widths at half maximum, eV. Those of absorption grow in the continuum, where states live
# shorter: from the first width at the ionisation energy, by so much per eV, to the last.
_XES_FWHM, _XPS_FWHM = 1.0, 1.2
_XAS_FWHM, _XAS_GROWTH, _XAS_LAST_FWHM = 1.0, 0.3, 4.0
_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))


class NotConvergedError(Exception):
    """A self-consistent field that did not converge: take another geometry."""


@dataclass(frozen=True, eq=False)
class Sticks:
    """Lines of one geometry: energies in eV and oscillator strengths, and the 1s binding energy.

    Emission has 4 lines, rising; absorption one per empty orbital (36).
    """

    xes_ev: Floats
    xes_f: Floats
    xas_ev: Floats
    xas_f: Floats
    o1s_be_ev: float
    total_ha: float


def sticks(positions: NDArray[np.floating]) -> Sticks:
    """Return the lines of positions (3, xyz) of O, H, H in angstrom (PBE/aug-cc-pVDZ).

    Emission: orbitals of the ground state, frozen. Absorption: those of a transition potential,
    half an electron missing in 1s (Triguero, Pettersson and Agren 1998). Binding energy: minus
    the 1s energy there, Slater's transition state. Strengths are 2/3 omega |<1s|r|i>|^2 in atomic
    units. The molecule is turned into a frame of its own (the angle's bisector is z), for the
    integration grid is not round: however it lies, its lines are the same.

    Raise `NotConvergedError`, and `MissingExtraError` without PySCF.
    """
    try:
        from pyscf import dft, gto, lib
    except ImportError as error:
        raise MissingExtraError("simulating X-ray spectra", "pyscf", "train") from error
    with lib.with_omp_threads(1):
        frame = placed(*(float(part) for part in internal(np.asarray(positions, np.float64))))
        atoms = list(zip(("O", "H", "H"), frame, strict=True))
        molecule = gto.M(atom=atoms, basis=_BASIS, unit="Angstrom", verbose=0)
        ground = dft.RKS(molecule, xc=_FUNCTIONAL)
        ground.grids.level = _GRID_LEVEL
        total = _converge(ground, None)
        half = dft.RKS(molecule, xc=_FUNCTIONAL)
        half.grids = ground.grids
        half.get_occ = _half_hole
        _converge(half, ground.make_rdm1())
        with molecule.with_common_orig(molecule.atom_coord(0)):
            dipole = molecule.intor("int1e_r")
    emission = _lines(ground, dipole, slice(1, _OCCUPIED))
    absorption = _lines(half, dipole, slice(_OCCUPIED, None))
    return Sticks(*emission, *absorption, -float(half.mo_energy[0]) * _HARTREE_EV, float(total))


def curves(lines: Sticks) -> dict[str, NDArray[np.float32]]:
    """Return `xes`, `xas` and `xps`, each (100,) on its `ENERGIES_EV`: Gaussians for lines.

    Their areas are the strengths (per eV), and one for photoemission.
    """
    above = np.maximum(lines.xas_ev - lines.o1s_be_ev, 0.0)
    widths = np.minimum(_XAS_FWHM + _XAS_GROWTH * above, _XAS_LAST_FWHM)
    be = np.array([lines.o1s_be_ev])
    drawn = {
        "xes": (lines.xes_ev, lines.xes_f, np.full(lines.xes_ev.shape, _XES_FWHM)),
        "xas": (lines.xas_ev, lines.xas_f, widths),
        "xps": (be, np.ones(1), np.full(1, _XPS_FWHM)),
    }
    return {
        kind: _broadened(ENERGIES_EV[kind], *line).astype(np.float32)
        for kind, line in drawn.items()
    }


def _converge(field: Any, guess: Any) -> float:
    field.conv_tol = _TOLERANCE_HA
    energy = field.kernel(guess)
    if not field.converged:
        raise NotConvergedError
    return float(energy)


def _half_hole(mo_energy: Floats, mo_coeff: Floats | None = None) -> Floats:
    occupation = np.zeros_like(mo_energy)
    occupation[:_OCCUPIED] = 2.0
    occupation[0] = 1.5
    return occupation


def _lines(field: Any, dipole: Floats, others: slice) -> tuple[Floats, Floats]:
    """Return energies in eV and strengths of transitions between 1s and other orbitals."""
    omega = field.mo_energy[others] - field.mo_energy[0]
    orbitals = field.mo_coeff
    moment = np.einsum("xij,i,jk->xk", dipole, orbitals[:, 0], orbitals[:, others])
    return np.abs(omega) * _HARTREE_EV, 2 / 3 * np.abs(omega) * (moment**2).sum(axis=0)


def _broadened(energy: Floats, centres: Floats, areas: Floats, fwhm: Floats) -> Floats:
    sigma = fwhm * _SIGMA_PER_FWHM
    z = (energy[:, None] - centres) / sigma
    return np.asarray((areas * np.exp(-0.5 * z**2) / (sigma * np.sqrt(2 * np.pi))).sum(axis=1))
