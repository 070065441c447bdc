"""Simulated samples: reproducible one by one, true to their modalities, with blanks and lots."""

import json
from collections import Counter

import numpy as np
import pytest

from xmodkit.errors import UsageError
from xmodkit_uvvis.simulator import SIMULATOR_VERSION, SimulatorOptions, simulate

pytest.importorskip("colour", reason="the simulator needs xmodkit[train]")


def _image(sample):
    return sample.arrays["scan"]["scan"]


def _spectrum(sample):
    return sample.arrays["absorption"]["absorption"]


@pytest.fixture(scope="module")
def samples():
    return list(simulate(240, 1))


def test_a_sample_depends_on_seed_and_index_alone(samples):
    alone = next(iter(simulate(1, 1, start=77)))
    assert alone.id == samples[77].id == "sim-1-000077"
    np.testing.assert_array_equal(_image(alone), _image(samples[77]))
    np.testing.assert_array_equal(_spectrum(alone), _spectrum(samples[77]))
    assert alone.metadata == samples[77].metadata
    other = next(iter(simulate(1, 2, start=77)))
    assert not np.array_equal(_spectrum(other), _spectrum(alone))


def test_samples_fit_their_modalities(samples):
    for sample in samples:
        image, spectrum = _image(sample), _spectrum(sample)
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[0] == image.shape[1]
        assert image.shape[0] in (25, 97, 101, 105)
        assert image.shape[2] == 3
        assert spectrum.dtype == np.float32
        assert spectrum.shape == (220,)
        assert np.isfinite(spectrum).all()
    sizes = Counter(_image(sample).shape[0] for sample in samples)
    assert sizes[101] > 0.8 * len(samples)


def test_plates_share_a_scanner_and_compositions_cross_plates(samples):
    plates = {sample.groups["plate"] for sample in samples}
    assert len(plates) == 4
    first = [sample.metadata for sample in samples[:60]]
    assert len({(m["exposure"], m["glare"], m["film_up"]) for m in first}) == 1
    spread = Counter(s.groups["composition"] for s in samples)
    assert len(spread) > 40


def test_the_truth_beside_a_sample_is_plain_json(samples):
    for sample in samples:
        truth = json.loads(json.dumps(sample.metadata))
        assert truth["simulator_version"] == SIMULATOR_VERSION
        if truth["blank"]:
            assert truth["gap_direct_eV"] is None
        else:
            assert truth["gap_direct_eV"] > 0.8
            assert (truth["edge"] == "indirect") == (truth["gap_indirect_eV"] is not None)


def test_blanks_read_zero_and_look_like_bare_glass():
    for sample in simulate(60, 3, options=SimulatorOptions(blanks=1.0)):
        assert sample.metadata["blank"]
        assert np.abs(_spectrum(sample)).max() < 0.02
        image = _image(sample).astype(float)
        assert image.mean() > 215
        assert image.std(axis=(0, 1)).max() < 6


def test_the_border_of_a_regular_crop_is_almost_white(samples):
    for sample in samples:
        if sample.metadata["lot"] == "regular":
            border = np.concatenate([_image(sample)[:3], _image(sample)[-3:]]).astype(float)
            assert border.mean() > 215


def test_strength_spreads_from_weak_to_strong(samples):
    strongest = np.array([_spectrum(sample).max() for sample in samples])
    assert np.quantile(strongest, 0.1) < 0.12
    assert np.quantile(strongest, 0.95) > 0.75
    assert strongest.max() < 4.0


def test_stronger_absorption_looks_darker(samples):
    darkness = [-_image(sample)[40:60, 40:60].mean() for sample in samples]
    visible = [_spectrum(sample)[60:160].mean() for sample in samples]
    assert np.corrcoef(darkness, visible)[0, 1] > 0.8


def test_other_lots_come_at_the_rate_asked_for_and_coarse_ones_are_small():
    lots = Counter()
    for sample in simulate(80, 5, options=SimulatorOptions(blanks=0.0, other_lots=1.0)):
        lots[sample.metadata["lot"]] += 1
        coarse = sample.metadata["lot"] == "coarse"
        assert (_image(sample).shape[0] == 25) == coarse
        assert sample.metadata["dpi"] == (300 if coarse else 1200)
    assert set(lots) == {"merged", "scratched", "miscropped", "coarse", "thick"}


def test_another_lamp_changes_the_image_and_not_the_spectrum():
    led = next(iter(simulate(1, 1, start=8)))
    halogen = next(iter(simulate(1, 1, start=8, options=SimulatorOptions(lamp="halogen"))))
    np.testing.assert_array_equal(_spectrum(led), _spectrum(halogen))
    assert not np.array_equal(_image(led), _image(halogen))


@pytest.mark.parametrize("wrong", [{"n": -1, "seed": 0}, {"n": 1, "seed": -1}])
def test_negative_numbers_are_refused(wrong):
    with pytest.raises(UsageError, match="give 0 or more"):
        simulate(**wrong)
