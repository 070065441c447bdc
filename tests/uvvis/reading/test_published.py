"""The published HDF5 layout is read block by block, as it is documented."""

import sys

import numpy as np
import pytest

from xmodkit.errors import InputError, MissingExtraError
from xmodkit_uvvis.reading.published import read_published

h5py = pytest.importorskip("h5py")

ENERGIES = np.linspace(1.31, 3.1, 220)
RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
SPECTRA = RNG.uniform(0, 0.75, (7, 220))
FRACTIONS = np.zeros((3, 7))
FRACTIONS[0], FRACTIONS[2] = 0.25, 0.75


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        keys = {
            "images": IMAGES,
            "spectra": SPECTRA,
            "energy_eV": ENERGIES,
            "atfrac": FRACTIONS,
            "atfrac_keys": np.array([b"Fe.PM.AtomicFraction", b"V.PM.AtomicFraction", b"Bi.PM.x"]),
            "plate_id": np.arange(4000, 4007),
        }
        path = tmp_path / "set.h5"
        with h5py.File(path, "w") as file:
            for key, values in (keys | changes).items():
                if values is not None:
                    file[key] = values
        return path

    return write


def test_every_sample_is_read_in_whatever_blocks(write):
    path = write()
    for block in (1, 3, 100):
        samples = list(read_published(path, block=block))
        assert [sample.ordinal for sample in samples] == list(range(7))
        for sample, image, spectrum in zip(samples, IMAGES, SPECTRA, strict=True):
            np.testing.assert_array_equal(sample.arrays["scan"]["scan"], image)
            np.testing.assert_allclose(
                sample.arrays["absorption"]["absorption"], spectrum, rtol=1e-6
            )


def test_a_sample_carries_its_composition_and_plate(write):
    sample = list(read_published(write()))[5]
    assert sample.id == "set-5"
    assert sample.metadata == {"composition": {"Fe": 0.25, "Bi": 0.75}}
    assert sample.groups == {"plate": "4005", "composition": "Bi0.750Fe0.250"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_of_fractions_become_uint8(write, dtype):
    path = write(images=(IMAGES / 255).astype(dtype))
    pixels = np.stack([sample.arrays["scan"]["scan"] for sample in read_published(path)])
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, IMAGES)


def test_images_beyond_their_range_are_refused(write):
    for images in (IMAGES.astype(np.float32), IMAGES.astype(np.int32) * 2, IMAGES * np.nan):
        with pytest.raises(InputError, match=r"set\.h5: .* images from .* expected"):
            list(read_published(write(images=images)))


def test_spectra_are_interpolated_onto_the_energies_asked_for(write):
    axis = np.linspace(1.2, 3.3, 300)
    path = write(energy_eV=axis, spectra=np.tile(0.3 * axis, (7, 1)))
    for sample in read_published(path, energies=ENERGIES):
        np.testing.assert_allclose(
            sample.arrays["absorption"]["absorption"], 0.3 * ENERGIES, rtol=1e-6
        )


def test_spectra_that_do_not_cover_the_energies_are_refused(write):
    path = write(energy_eV=np.linspace(1.5, 3.1, 220))
    with pytest.raises(InputError, match="measure the whole range"):
        list(read_published(path, energies=ENERGIES))


def test_a_spectrum_with_holes_is_left_out_with_a_notice(write):
    spectra = SPECTRA.copy()
    spectra[2, 9] = np.nan
    samples = list(read_published(write(spectra=spectra), energies=ENERGIES))
    assert "absorption" not in samples[2].arrays
    assert samples[2].notices == ("spectrum left out: it has values that are not finite",)
    assert "absorption" in samples[3].arrays


def test_images_alone_are_enough(write):
    path = write(spectra=None, energy_eV=None, atfrac=None, atfrac_keys=None, plate_id=None)
    samples = list(read_published(path))
    assert len(samples) == 7
    assert samples[0].arrays.keys() == {"scan"}
    assert samples[0].groups == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"images": None},
        {"images": np.zeros((7, 3, 64, 64), np.uint8)},
        {"spectra": SPECTRA[:5]},
        {"energy_eV": None},
        {"energy_eV": ENERGIES[:9]},
        {"atfrac": FRACTIONS.T},
        {"atfrac_keys": None},
        {"plate_id": np.arange(3)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_layout_is_refused(write, changes):
    with pytest.raises(InputError, match=r"set\.h5: .*expected"):
        list(read_published(write(**changes)))


def test_a_file_that_is_absent_no_hdf5_or_cut_short_is_refused(write, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        list(read_published(tmp_path / "gone.h5"))
    path = write()
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(InputError, match="cut short"):
        list(read_published(path))


def test_without_h5py_the_extra_is_named(write, monkeypatch):
    path = write()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'xmodkit\[uvvis\]'"):
        list(read_published(path))


def test_a_small_file_that_claims_huge_images_or_spectra_is_refused(write):
    path = write()
    for key, shape in (("images", (7, 40_000, 40_000, 3)), ("energy_eV", (10**9,))):
        with h5py.File(write(), "r+") as file:
            del file[key]
            file.create_dataset(key, shape, "u1", chunks=True)
        with pytest.raises(InputError, match="at most"):
            list(read_published(path))
