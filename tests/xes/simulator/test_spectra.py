"""Lines and curves of one water molecule agree with the shared set, and do not care how it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit_xes.simulator.geometries import placed
from xmodkit_xes.simulator.spectra import ENERGIES_EV, Sticks, curves, sticks

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "h2o" / "data.npz"


def lines(binding: float = 551.0, absorption: float = 545.0) -> Sticks:
    return Sticks(
        xes_ev=np.array([486.0, 498.0, 502.0, 504.0]),
        xes_f=np.array([0.002, 0.03, 0.03, 0.04]),
        xas_ev=np.array([absorption]),
        xas_f=np.array([0.01]),
        o1s_be_ev=binding,
        total_ha=-76.3,
    )


def width(energy: np.ndarray, curve: np.ndarray) -> float:
    """Return the full width at half maximum of one line."""
    fine = np.linspace(energy[0], energy[-1], 20_001)
    high = fine[np.interp(fine, energy, curve) > curve.max() / 2]
    return float(high[-1] - high[0])


def test_areas_are_strengths() -> None:
    """Emission within the window sums to its lines there, photoemission to one."""
    found = curves(lines())
    area = np.trapezoid(found["xes"], ENERGIES_EV["xes"])
    assert area == pytest.approx(0.1, rel=1e-4)
    assert np.trapezoid(found["xps"], ENERGIES_EV["xps"]) == pytest.approx(1, rel=1e-3)
    assert {curve.dtype for curve in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("above", "fwhm"), [(-6.0, 1.0), (0.0, 1.0), (5.0, 2.5), (20.0, 4.0)])
def test_absorption_widens_above_the_ionisation_energy(above: float, fwhm: float) -> None:
    """1 eV below, then 0.3 eV more per eV, and 4 eV at most."""
    found = curves(lines(binding=550.0 - above, absorption=550.0))["xas"]
    assert width(ENERGIES_EV["xas"], found) == pytest.approx(fwhm, abs=0.1)


def test_photoemission_lies_at_the_binding_energy() -> None:
    """1.2 eV wide around it."""
    found = curves(lines(binding=550.5))["xps"]
    assert ENERGIES_EV["xps"][found.argmax()] == pytest.approx(550.5, abs=0.03)
    assert width(ENERGIES_EV["xps"], found) == pytest.approx(1.2, abs=0.03)


def test_lines_agree_with_the_shared_set_however_the_molecule_lies() -> None:
    """One published geometry, turned and moved: emission to 2 meV, absorption to 10, curves 1 %."""
    pytest.importorskip("pyscf")
    if not SHARED.is_file():
        pytest.skip(f"the shared data are not here: {SHARED}")
    with np.load(SHARED) as data:
        truth = {name: data[name][5] for name in data.files if not name.endswith("energy_eV")}
    turned = truth["positions"] @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    found = sticks(turned + 3.0)
    assert found.total_ha == pytest.approx(truth["etot_ha"], abs=1e-6)
    assert found.o1s_be_ev == pytest.approx(truth["o1s_be_eV"], abs=0.01)
    np.testing.assert_allclose(found.xes_ev, truth["xes_stick_eV"], atol=2e-3)
    np.testing.assert_allclose(found.xes_f, truth["xes_stick_f"], rtol=1e-3)
    np.testing.assert_allclose(found.xas_ev, truth["xas_stick_eV"], atol=1e-2)
    for kind, curve in curves(found).items():
        np.testing.assert_allclose(curve, truth[kind], atol=0.01 * truth[kind].max())


def test_water_has_four_emission_lines_whichever_bond_is_the_longer() -> None:
    """Exchanging the hydrogens changes nothing."""
    pytest.importorskip("pyscf")
    one, other = sticks(placed(0.95, 1.05, 1.8)), sticks(placed(1.05, 0.95, 1.8))
    assert one.xes_ev.shape == (4,)
    np.testing.assert_allclose(one.xes_ev, other.xes_ev, atol=1e-4)
    np.testing.assert_allclose(one.xes_f, other.xes_f, rtol=1e-3)
