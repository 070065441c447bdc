"""The spectrometer averages T and R over its spot before it takes the logarithm."""

import numpy as np
import pytest

from xmodkit_uvvis.simulator.materials import ENERGY, Material, Phase
from xmodkit_uvvis.simulator.optics import Slide, film_on_glass
from xmodkit_uvvis.simulator.spectrometer import (
    Spectrometer,
    absorption,
    draw_spectrometer,
    measure,
    scattered,
    spot_weights,
)

EXACT = Spectrometer(0.6, 0.0, 0.0, (0.0, 0.0))
RNG = np.random.default_rng(0)


def _slide(transmittance, reflectance):
    levels = [np.full(ENERGY.size, value) for value in transmittance]
    mirror = np.stack([np.full(ENERGY.size, value) for value in reflectance])
    return Slide(np.stack(levels), mirror, mirror)


def test_an_opaque_drop_on_60_percent_of_the_spot_reads_0_92():
    slide = _slide((0.92, 0.0), (0.08, 0.08))
    spectrum = measure(slide, np.array([0.4, 0.6]), EXACT, RNG)
    np.testing.assert_allclose(spectrum, 0.92, atol=0.005)


def test_the_logarithm_is_natural():
    assert absorption(np.array([np.exp(-1.0)]), np.array([0.0]))[0] == pytest.approx(1.0)


def test_bare_glass_reads_zero_on_every_spectrometer():
    bare = film_on_glass(np.full(ENERGY.size, 2.0 + 0j), np.zeros(1))
    for seed in range(100):
        rng = np.random.default_rng(seed)
        spectrum = measure(bare, np.ones(1), draw_spectrometer(rng), rng)
        assert np.abs(spectrum).max() < 0.02


def test_a_thin_even_film_reads_its_absorption_coefficient_times_thickness():
    material = Material((Phase("oxide", 2.2, index=1.2),), (1.0,), porosity=0.5)
    thickness = 0.05
    slide = film_on_glass(material.index(), np.array([thickness]))
    spectrum = measure(slide, np.ones(1), EXACT, RNG)
    expected = material.absorption() * thickness
    strong = expected > 0.05
    np.testing.assert_allclose(spectrum[strong], expected[strong], rtol=0.25)


def test_spot_weights_keep_the_mean_thickness_and_sum_to_one():
    relief = np.random.default_rng(1).uniform(0.0, 0.9, (101, 101))
    levels = np.linspace(0.0, 1.0, 33)
    weights = spot_weights(relief, levels, 0.021, 5.0, (0.0, 0.0))
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ levels == pytest.approx(relief.mean(), rel=1e-3)


def test_a_spot_beside_the_drop_sees_glass():
    relief = np.zeros((101, 101))
    relief[:, :50] = 0.4
    levels = np.linspace(0.0, 0.5, 11)
    beside = spot_weights(relief, levels, 0.021, 0.4, (0.0, 0.6))
    upon = spot_weights(relief, levels, 0.021, 0.4, (0.0, -0.6))
    assert beside[0] > 0.99
    assert upon[0] < 0.01


def test_scattering_adds_apparent_absorption_that_grows_with_energy_and_spares_glass():
    slide = _slide((0.92, 0.8), (0.08, 0.1))
    levels = np.array([0.0, 0.2])
    lossy = scattered(slide, levels, 0.5)
    np.testing.assert_array_equal(lossy.transmittance[0], slide.transmittance[0])
    extra = -np.log(lossy.transmittance[1] / slide.transmittance[1])
    assert (np.diff(extra) > 0).all()
    assert np.interp(2.5, ENERGY, extra) == pytest.approx(0.1, rel=1e-3)
