"""Measured reflectances are rendered in their own colour, and equal spectra stay together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.content import content_hash
from xmodkit.errors import InputError
from xmodkit_uvvis.modalities import REFLECTANCE, SCAN
from xmodkit_uvvis.reading.reflectance import read_reflectance, render

colour = pytest.importorskip("colour")

DATA = Path(__file__).parents[4] / "shared/data/watercolor_reflectance/data.npz"
NM = np.arange(380, 781, 10.0)


@pytest.fixture
def write(tmp_path: Path):
    def write(**arrays):
        path = tmp_path / "colours.npz"
        np.savez(path, **arrays)
        return path

    return write


def ramp(edge: float) -> np.ndarray:
    return (0.05 + 0.85 / (1 + np.exp(-(NM - edge) / 20))).astype(np.float32)


def true_srgb(reflectance: np.ndarray) -> np.ndarray:
    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    daylight = colour.SDS_ILLUMINANTS["D65"].copy().align(observer.shape)
    spectrum = colour.SpectralDistribution(reflectance.astype(float), NM).align(observer.shape)
    xyz = colour.sd_to_XYZ(spectrum, observer, daylight, method="Integration") / 100
    return np.clip(colour.XYZ_to_sRGB(xyz), 0, 1)


def lab(srgb: np.ndarray) -> np.ndarray:
    return colour.XYZ_to_Lab(colour.sRGB_to_XYZ(srgb))


def distance(reflectance: np.ndarray) -> float:
    """Return how far (CIE 1976 Lab) the rendered mean colour is from the true one."""
    mean = render(reflectance, NM, np.random.default_rng(0)).mean((0, 1)) / 255
    return float(np.linalg.norm(lab(mean) - lab(true_srgb(reflectance))))


def test_each_row_is_a_sample_on_the_wavelengths_of_its_file(write):
    spectra = np.stack([ramp(450), ramp(550), ramp(450)])
    samples = list(read_reflectance(write(reflectance=spectra[:, ::-1], wavelength_nm=NM[::-1])))
    assert [sample.id for sample in samples] == ["colours-0", "colours-1", "colours-2"]
    for sample, spectrum in zip(samples, spectra, strict=True):
        SCAN.check(sample.arrays["scan"])
        REFLECTANCE.at(sample.coordinates).check(sample.arrays["reflectance"])
        np.testing.assert_array_equal(sample.arrays["reflectance"]["reflectance"], spectrum)
        assert sample.coordinates == {"wavelength": tuple(NM)}
        assert sample.metadata["simulated"]  # bounds from rendered scans promise nothing
        assert (sample.metadata["scan"], sample.metadata["reflectance"]) == ("rendered", "measured")


def test_equal_spectra_are_two_samples_of_one_group(write):
    spectra = np.stack([ramp(450), ramp(550), ramp(450)])
    first, other, twin = read_reflectance(write(reflectance=spectra, wavelength_nm=NM))
    assert content_hash(first) != content_hash(twin)
    assert first.groups == twin.groups
    assert first.groups != other.groups
    assert set(first.groups) == {"spectrum", "composition", "plate"}


def test_grey_is_rendered_grey_and_white_white():
    for share in (0.05, 0.2, 0.5, 0.9):
        assert distance(np.full(41, share, np.float32)) < 1.5


@pytest.mark.skipif(not DATA.is_file(), reason="needs ../shared/data/watercolor_reflectance")
def test_rendered_colours_of_measured_paints_agree_with_their_true_srgb():
    """A camera is no eye: 2.4 on average is the scanner profile's own error, 7 saturated paints."""
    with np.load(DATA, allow_pickle=False) as file:
        distances = [distance(spectrum) for spectrum in file["reflectance"][::20]]
    assert np.mean(distances) < 3
    assert np.quantile(distances, 0.95) < 7


@pytest.mark.skipif(not DATA.is_file(), reason="needs ../shared/data/watercolor_reflectance")
def test_the_watercolours_are_661_groups():
    with np.load(DATA, allow_pickle=False) as file:
        distinct = len(np.unique(file["reflectance"], axis=0))
    groups = {sample.groups["spectrum"] for sample in read_reflectance(DATA)}
    assert len(groups) == distinct == 661


def test_an_archive_that_unpacks_to_more_than_it_may_is_refused(write, monkeypatch):
    path = write(reflectance=np.ones((2, 41), np.float32), wavelength_nm=NM)
    monkeypatch.setattr("xmodkit_uvvis.reading.reflectance._MOST_BYTES", 100)
    with pytest.raises(InputError, match="bytes unpacked"):
        list(read_reflectance(path))


@pytest.mark.parametrize(
    "arrays",
    [
        {"reflectance": np.ones((2, 41), np.float32), "wavelength_nm": np.append(NM[1:], np.nan)},
        {"reflectance": np.ones((2, 0), np.float32), "wavelength_nm": NM[:0]},
        {"reflectance": np.ones((2, 41), np.float32)},
        {"reflectance": np.ones((2, 40), np.float32), "wavelength_nm": NM},
        {"reflectance": np.ones((2, 31), np.float32), "wavelength_nm": NM[5:36]},
        {"reflectance": np.array([{}, {}]), "wavelength_nm": NM},
    ],
    ids=["no number at the end", "no points", "no axis", "another length", "too narrow", "pickled"],
)
def test_another_layout_is_refused(write, arrays):
    with pytest.raises(InputError, match=r"colours\.npz: "):
        list(read_reflectance(write(**arrays)))


def test_what_is_no_npz_is_refused(tmp_path: Path):
    path = tmp_path / "a.npz"
    path.write_text("no archive")
    with pytest.raises(InputError, match=r"a\.npz: no arrays can be read"):
        list(read_reflectance(path))
