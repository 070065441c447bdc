"""The scanner: the colours that edges have, a white border, honest exposure and compression."""

import numpy as np
import pytest

from xmodkit_uvvis.simulator.materials import ENERGY, Material, Phase
from xmodkit_uvvis.simulator.optics import film_on_glass, on_backing, smear
from xmodkit_uvvis.simulator.scanner import (
    WAVELENGTH,
    Scanner,
    draw_scanner,
    expose,
    level_colours,
    sensor_weights,
)

colour = pytest.importorskip("colour", reason="lamp and sensor curves need xmodkit[train]")

WHITE_LID = np.full(ENERGY.size, 0.9)


def _double_pass(phase, *, film_up):
    """Return the reflectance of a film of alpha*t 0.75 on a white lid, and of bare glass."""
    material = Material((phase,), (1.0,))
    levels = np.linspace(0.0, 2.0, 41) * 0.75 / material.absorption().max()
    slide = smear(film_on_glass(material.index(), levels), levels, 0.1)
    seen = on_backing(slide, WHITE_LID, film_up=film_up, specular=0.0)
    return seen[20], seen[0]


def _lightness_chroma_hue(reflectance, white):
    """Return CIELAB L*, C* and hue in degrees under D65, CIE 1931, relative to `white`."""
    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    daylight = colour.SDS_ILLUMINANTS["D65"]
    light = np.interp(WAVELENGTH, daylight.wavelengths, daylight.values, 0.0, 0.0)
    light *= np.abs(np.gradient(WAVELENGTH))
    curves = [np.interp(WAVELENGTH, observer.wavelengths, c, 0.0, 0.0) for c in observer.values.T]
    weights = np.stack(curves, axis=1) * light[:, None]
    ratio = (reflectance @ weights) / (white @ weights)
    d65 = np.array([0.3127, 0.3290])
    lab = colour.XYZ_to_Lab(ratio * colour.xy_to_XYZ(d65), d65)
    return lab[0], np.hypot(lab[1], lab[2]), np.degrees(np.arctan2(lab[2], lab[1])) % 360.0


@pytest.mark.parametrize("film_up", [False, True])
class TestColoursThatMustComeOut:
    def test_a_direct_edge_at_2_5_ev_is_yellow(self, film_up):
        lightness, chroma, hue = _lightness_chroma_hue(
            *_double_pass(Phase("oxide", 2.5), film_up=film_up)
        )
        assert 85 <= hue <= 115
        assert chroma > 30
        assert lightness > 80

    def test_a_direct_edge_at_2_2_ev_is_orange(self, film_up):
        _, chroma, hue = _lightness_chroma_hue(*_double_pass(Phase("oxide", 2.2), film_up=film_up))
        assert 45 <= hue <= 75
        assert chroma > 35

    def test_a_direct_edge_at_1_2_ev_is_dark_and_neutral(self, film_up):
        lightness, chroma, _ = _lightness_chroma_hue(
            *_double_pass(Phase("oxide", 1.2), film_up=film_up)
        )
        assert chroma < 10
        assert lightness < 60

    def test_an_indirect_edge_at_1_2_ev_is_brown(self, film_up):
        lightness, chroma, hue = _lightness_chroma_hue(
            *_double_pass(Phase("oxide", 3.1, 1.2, indirect_share=1.0), film_up=film_up)
        )
        assert 40 <= hue <= 85
        assert 10 < chroma < 35
        assert lightness < 75

    @pytest.mark.parametrize(("gap", "low", "high"), [(2.15, 40, 75), (2.45, 85, 115)])
    def test_hematite_is_orange_red_and_bismuth_vanadate_yellow(self, film_up, gap, low, high):
        _, chroma, hue = _lightness_chroma_hue(*_double_pass(Phase("oxide", gap), film_up=film_up))
        assert low <= hue <= high
        assert chroma > 35


@pytest.mark.parametrize("lamp", ["led", "fluorescent", "halogen"])
def test_every_lamp_shows_white_as_white_and_no_infrared(lamp):
    weights = sensor_weights(lamp, 700.0, 0.0)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    assert np.abs(weights[WAVELENGTH > 740]).sum() < 0.005
    red, green, blue = (weights * WAVELENGTH[:, None]).sum(axis=0)
    assert red > green + 60 > blue + 120


def test_the_sensor_curves_overlap():
    weights = sensor_weights("led", 700.0, 0.0)
    shared = np.minimum(np.abs(weights[:, 0]), np.abs(weights[:, 1])).sum()
    assert 0.05 < shared < 0.6


def test_the_backing_colours_what_lies_on_it():
    slide = film_on_glass(np.full(ENERGY.size, 2.0 + 0j), np.zeros(1))
    nominal = Scanner(glare=0.0)
    blue = Scanner(backing=(0.3, 0.5, 0.9)).backing_reflectance()
    on_white = level_colours(on_backing(slide, WHITE_LID, film_up=False, specular=0.0), nominal)
    on_blue = level_colours(on_backing(slide, blue, film_up=False, specular=0.0), nominal)
    assert np.ptp(on_white) < 0.01
    assert on_blue[0, 0] < 0.5 * on_blue[0, 2]


def test_glare_lifts_black_and_keeps_white():
    black_and_white = np.stack([np.zeros(ENERGY.size), Scanner().backing_reflectance()])
    dark, bright = level_colours(black_and_white, Scanner(glare=0.03))
    assert dark == pytest.approx(0.03 / 1.03)
    assert bright == pytest.approx(1.0)


def test_exposed_images_follow_the_srgb_curve():
    quiet = Scanner(noise=0.0, blur=0.3)
    image = expose(np.full((9, 9, 3), 0.214), quiet, np.random.default_rng(0))
    assert (image == 127).all()


def test_jpeg_changes_little_and_noise_has_the_size_asked_for():
    flat = np.full((64, 64, 3), 0.5)
    plain = expose(flat, Scanner(noise=0.01), np.random.default_rng(0)).astype(float)
    compressed = expose(flat, Scanner(noise=0.01, jpeg=92), np.random.default_rng(0)).astype(float)
    assert 0 < np.abs(plain - compressed).mean() < 2.0
    # 0.01 of white at half signal: 0.01 * sqrt(0.52) * slope of the curve there (0.59) * 255
    assert plain.std() == pytest.approx(1.1, abs=0.15)


def test_two_plates_are_scanned_differently():
    first, second = (draw_scanner(np.random.default_rng(seed), "led") for seed in (1, 2))
    assert first != second
