"""Film on glass: the vectorised solution is that of tmm, conserves energy and fades its fringes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit_uvvis.simulator.materials import ENERGY, HBAR_C, Material, Phase
from xmodkit_uvvis.simulator.optics import film_on_glass, glass_index, on_backing, smear

tmm = pytest.importorskip("tmm", reason="the reference solution needs xmodkit[train]")

CLEAR = np.full(ENERGY.size, 2.2 + 0j)


@settings(max_examples=30, deadline=None)
@given(
    n=st.floats(1.2, 3.0),
    k=st.floats(0.0, 1.5),
    thickness=st.floats(0.0, 2.0),
    energy=st.floats(1.31, 3.1),
    glass_k=st.floats(0.0, 1e-6),
)
def test_film_on_glass_equals_tmm_from_both_sides(n, k, thickness, energy, glass_k):
    film, glass = complex(n, k), complex(1.52, glass_k)
    ours = film_on_glass(
        np.array([film]), np.array([thickness]), np.array([energy]), np.array([glass]), 2000.0
    )
    wavelength = 2.0 * np.pi * HBAR_C / energy
    inf = np.inf
    front = tmm.inc_tmm(
        "s", [1, film, glass, 1], [inf, thickness, 2000.0, inf], list("icii"), 0, wavelength
    )
    back = tmm.inc_tmm(
        "s", [1, glass, film, 1], [inf, 2000.0, thickness, inf], list("iici"), 0, wavelength
    )
    assert ours.transmittance[0, 0] == pytest.approx(front["T"], rel=1e-10)
    assert ours.film_side[0, 0] == pytest.approx(front["R"], rel=1e-10)
    assert ours.glass_side[0, 0] == pytest.approx(back["R"], rel=1e-10)


def test_a_whole_material_equals_tmm_at_many_energies_and_thicknesses():
    film = Material((Phase("oxide", 2.3, 2.0),), (1.0,)).index()
    glass, thickness = glass_index(), np.array([0.0, 0.05, 0.37, 1.5])
    ours = film_on_glass(film, thickness)
    for level, t in enumerate(thickness):
        for i in range(0, ENERGY.size, 43):
            theirs = tmm.inc_tmm(
                "p",
                [1, film[i], glass[i], 1],
                [np.inf, t, 2200.0, np.inf],
                list("icii"),
                0,
                2.0 * np.pi * HBAR_C / ENERGY[i],
            )
            assert ours.transmittance[level, i] == pytest.approx(theirs["T"], rel=1e-10)
            assert ours.film_side[level, i] == pytest.approx(theirs["R"], rel=1e-10)


def test_nothing_is_lost_in_a_clear_film_on_clear_glass():
    slide = film_on_glass(CLEAR, np.linspace(0.0, 1.0, 9), glass=np.full(ENERGY.size, 1.52 + 0j))
    np.testing.assert_allclose(slide.transmittance + slide.film_side, 1.0, rtol=1e-12)
    np.testing.assert_allclose(slide.transmittance + slide.glass_side, 1.0, rtol=1e-12)


def test_thickness_spread_within_a_pixel_damps_fringes():
    levels = np.linspace(0.0, 0.8, 97)
    slide = film_on_glass(CLEAR, levels)
    thick = levels > 0.4

    def fringe(spread):
        return np.ptp(smear(slide, levels, spread).film_side[thick, 150][:-20])

    assert fringe(0.001) == pytest.approx(np.ptp(slide.film_side[thick, 150][:-20]), rel=0.05)
    assert fringe(0.08) < 0.6 * fringe(0.001)


def test_a_black_backing_returns_only_the_mirror_image():
    slide = film_on_glass(CLEAR, np.array([0.0, 0.1]))
    black = np.zeros(ENERGY.size)
    down = on_backing(slide, black, film_up=False, specular=0.5)
    up = on_backing(slide, black, film_up=True, specular=0.5)
    np.testing.assert_allclose(down, 0.5 * slide.film_side)
    np.testing.assert_allclose(up, 0.5 * slide.glass_side)


def test_a_scanner_sees_the_film_twice():
    material = Material((Phase("oxide", 2.3),), (1.0,))
    slide = film_on_glass(material.index(), np.array([0.0, 0.1]))
    dark = np.full(ENERGY.size, 0.02)  # so that echoes between lid and slide hardly count
    seen = on_backing(slide, dark, film_up=False, specular=0.0)
    one_pass = slide.transmittance[1] / slide.transmittance[0]
    np.testing.assert_allclose(seen[1] / seen[0], one_pass**2, rtol=0.01)
