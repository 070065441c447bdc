"""Simulated films: reproducible one by one, true to their modalities, two views of one film."""

import json

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit_saxs_sem.modalities import SAXS, SEM
from xmodkit_saxs_sem.simulator import SIMULATE_OPTIONS, VERSION, code_hash, simulate
from xmodkit_saxs_sem.simulator.parameters import MORPHOLOGIES, PUBLISHED

pytest.importorskip("scipy", reason="the simulator needs xmodkit[saxs-sem]")

SMALL = {"sem_size": "300x400"}


def _peak(power, qx, qy, least=0.09):
    """Return the wave vector (right half) where the power is largest."""
    usable = (np.hypot(qx, qy) > least) & (qx > 0)
    place = np.argmax(np.where(usable, power, -1.0))
    return qx.flat[place], qy.flat[place]


def _saxs_peak(sample):
    saxs = sample.arrays["saxs"]
    return _peak(saxs["intensity"], saxs["qx"], saxs["qy"])


def _sem_peak(sample):
    sem = sample.arrays["sem"]
    image = sem["micrograph"].astype(float)
    rows, columns = image.shape
    taper = np.outer(np.hanning(rows), np.hanning(columns))
    power = np.abs(np.fft.fft2((image - image.mean()) * taper, s=(1024, 1024))) ** 2
    q = 2 * np.pi * np.fft.fftfreq(1024, float(sem["pixel_nm"]))
    qx, down = np.meshgrid(q, q)
    return _peak(power, qx, -down)


@pytest.fixture(scope="module")
def mixed():
    return list(simulate(5, 1, SMALL))


@pytest.fixture(scope="module", params=["lamellae", "hexagonal"])
def oriented(request):
    return list(simulate(3, 4, {"morphology": request.param, "sem_size": "400x500"}))


def test_a_sample_depends_on_seed_and_number_alone(mixed):
    alone = next(iter(simulate(1, 1, SMALL, start=3)))
    assert alone.id == mixed[3].id == "film-1-000003"
    assert alone.metadata == mixed[3].metadata
    for modality in ("saxs", "sem"):
        for name, array in alone.arrays[modality].items():
            np.testing.assert_array_equal(array, mixed[3].arrays[modality][name])
    other = next(iter(simulate(1, 2, SMALL, start=3)))
    assert other.metadata["true_phi"] != alone.metadata["true_phi"]


def test_samples_fit_their_modalities_and_their_metadata_is_json(mixed):
    for sample in mixed:
        SAXS.check(sample.arrays["saxs"])
        SEM.check(sample.arrays["sem"])
        assert sample.arrays["sem"]["micrograph"].shape == (300, 400)
        assert sample.metadata["morphology"] in PUBLISHED
        assert sample.metadata["simulator"] == VERSION
        assert sample.metadata["simulated"] is True
        assert "phi" not in sample.metadata
        assert json.loads(json.dumps(sample.metadata)) == sample.metadata
        assert sample.groups == {"sample": sample.id, "morphology": sample.metadata["morphology"]}


@pytest.mark.parametrize("morphology", MORPHOLOGIES)
def test_every_morphology_can_be_asked_for(morphology):
    (sample,) = simulate(1, 3, {"morphology": morphology, "sem_size": "100x120"})
    assert sample.metadata["morphology"] == morphology
    assert np.isfinite(sample.arrays["saxs"]["intensity"]).all()
    assert sample.arrays["sem"]["micrograph"].std() > 15


def test_what_is_not_measured_reads_zero(mixed):
    for sample in mixed:
        saxs = sample.arrays["saxs"]
        assert (saxs["intensity"][saxs["mask"] == 0] == 0).all()
        assert 0.85 < saxs["mask"].mean() < 0.99
        q = np.hypot(saxs["qx"], saxs["qy"])
        assert (saxs["mask"][q < 0.035] == 0).all()
        assert q[saxs["mask"] == 1].min() < 0.08


def test_both_instruments_show_the_true_spacing_and_the_same_direction(oriented):
    """A wave vector that points up to the right in the micrograph scatters up to the right."""
    for sample in oriented:
        spacing = sample.metadata["true_spacing_nm"]
        for qx, qy in (_saxs_peak(sample), _sem_peak(sample)):
            assert 2 * np.pi / np.hypot(qx, qy) == pytest.approx(spacing, rel=0.06)
            off = np.degrees(np.arctan2(qy, qx)) - sample.metadata["true_orientation_deg"]
            turn = 60.0 if sample.metadata["morphology"] == "hexagonal" else 180.0
            assert abs((off + turn / 2) % turn - turn / 2) < 4.0


def test_the_micrograph_does_not_depend_on_nor_change_the_scattering(mixed):
    """Another microscope draws other random numbers; the X-rays see the same film as before."""
    other = next(iter(simulate(1, 1, {"sem_size": "128x64", "sem_pixel_nm": 3.0})))
    assert other.arrays["sem"]["pixel_nm"] == np.float32(3.0)
    for name, array in other.arrays["saxs"].items():
        np.testing.assert_array_equal(array, mixed[0].arrays["saxs"][name])


@pytest.mark.parametrize(
    "options",
    [
        {"morphology": "gyroid"},
        {"sem_size": "400"},
        {"sem_size": "20x400"},
        {"sem_pixel_nm": 0.0},
    ],
)
def test_options_that_mean_nothing_are_refused_at_once(options):
    with pytest.raises(UsageError):
        simulate(1, 1, options)


def test_a_negative_number_is_refused():
    with pytest.raises(UsageError, match="n is -1"):
        simulate(-1, 1, {})


def test_the_options_belong_to_simulate_and_the_code_has_a_hash():
    assert all(option.commands == ("simulate",) for option in SIMULATE_OPTIONS)
    assert len(code_hash()) == 64
