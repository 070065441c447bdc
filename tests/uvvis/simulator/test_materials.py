"""Materials: edges that Tauc plots find, Urbach tails, dispersion that Kramers and Kronig allow."""

import numpy as np
import pytest
from scipy.integrate import quad

from xmodkit_uvvis.simulator.materials import (
    ENERGY,
    HBAR_C,
    Material,
    Phase,
    composition_spaces,
    draw_material,
)
from xmodkit_uvvis.simulator.oxides import OXIDES, Band


def _intercept(x, y):
    slope, offset = np.polyfit(x, y, 1)
    return -offset / slope


@pytest.mark.parametrize("gap", [1.6, 2.2, 2.6])
def test_a_direct_edge_is_straight_in_its_tauc_plot_and_meets_zero_at_the_gap(gap):
    energy = np.linspace(gap + 0.1, gap + 0.4, 30)
    alpha = Phase("oxide", gap, urbach=0.05).absorption(energy)
    assert _intercept(energy, (alpha * energy) ** 2) == pytest.approx(gap, abs=0.005)


def test_an_indirect_edge_is_straight_in_its_own_tauc_plot():
    energy = np.linspace(1.75, 2.1, 30)
    phase = Phase("oxide", 4.0, 1.6, urbach=0.05)
    assert _intercept(energy, (phase.absorption(energy) * energy) ** 0.5) == pytest.approx(
        1.6, abs=0.02
    )


def test_below_the_gap_absorption_falls_by_e_per_urbach_energy():
    energy = np.array([2.0, 2.07])
    deep, shallow = Phase("oxide", 2.3, urbach=0.07).absorption(energy)
    assert shallow / deep == pytest.approx(np.e)


def test_the_tail_joins_the_edge_without_a_step():
    energy = np.linspace(2.0, 2.6, 6001)
    alpha = Phase("oxide", 2.3, 2.1, urbach=0.06).absorption(energy)
    assert np.abs(np.diff(alpha, 2)).max() < 1e-3 * np.diff(alpha).max() + 1e-4
    assert (np.diff(alpha) > 0).all()


def test_the_index_is_the_kramers_kronig_transform_of_the_absorption():
    band = Band(2.2, 0.15, 5.0)
    with_band = Material((Phase("oxide", 6.0, strength=0.0, bands=(band,)),), (1.0,)).index()
    without = Material((Phase("oxide", 6.0, strength=0.0),), (1.0,)).index()

    def k(energy):
        return HBAR_C * 5.0 * np.exp(-0.5 * ((energy - 2.2) / 0.15) ** 2) / (2.0 * energy)

    for i in (20, 90, 110, 150, 210):
        at = ENERGY[i]
        inner, _ = quad(lambda e, at=at: e * k(e) / (e + at), 1.0, 3.5, weight="cauchy", wvar=at)
        assert (with_band - without)[i].real == pytest.approx(2.0 / np.pi * inner, abs=2e-5)
        assert with_band[i].imag == pytest.approx(k(at), rel=1e-4)


def test_pores_lower_index_and_absorption():
    phase = Phase("oxide", 2.2)
    dense, porous = Material((phase,), (1.0,)), Material((phase,), (1.0,), porosity=0.4)
    assert (porous.index().real < dense.index().real).all()
    np.testing.assert_allclose(porous.absorption(), 0.6 * dense.absorption())


def test_the_principal_phase_is_the_one_that_absorbs_most_here():
    hidden, shown = Phase("wide", 5.0), Phase("narrow", 2.0)
    assert Material((hidden, shown), (0.8, 0.2)).principal == shown


def test_there_are_78_composition_spaces_of_three_known_metals():
    spaces = composition_spaces()
    assert len(set(spaces)) == 78
    assert all(len(set(space)) == 3 and set(space) <= set(OXIDES) for space in spaces)
    assert all(any(OXIDES[metal].coloured for metal in space) for space in spaces)


def test_drawn_materials_are_whole_and_physical():
    rng = np.random.default_rng(3)
    for _ in range(200):
        material = draw_material(rng)
        index = material.index()
        assert sum(material.fractions) == pytest.approx(1.0)
        assert sum(share for _, share in material.composition) == pytest.approx(1.0)
        assert material.space in {"-".join(space) for space in composition_spaces()}
        assert (index.imag >= 0).all()
        assert index.real.min() > 1.2
        assert index.real.max() < 3.2
