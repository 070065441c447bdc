"""One file in, samples out: a crop, a plate's cells or a published set; failures are named."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Sample
from xmodkit_uvvis.reading import read_file, read_scan


@pytest.fixture
def save(tmp_path):
    def save(name, pixels, **options):
        Image.fromarray(pixels).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def test_a_crop_is_one_sample(save, draw_plate):
    pixels = draw_plate(1, 1)
    path = save("drop 7.png", pixels)
    (sample,) = read_file(path, {})
    assert (sample.id, sample.source, sample.notices) == ("drop 7", str(path), ())
    np.testing.assert_array_equal(sample.arrays["scan"]["scan"], pixels)


def test_a_converted_crop_carries_its_notices(save, draw_plate):
    (sample,) = read_file(save("a.png", draw_plate(1, 1)[..., 0]), {})
    assert sample.notices == ("grey repeated in red, green and blue",)


@pytest.mark.parametrize(
    "options",
    [
        {"grid": "5x7", "region": "50,70,330,270"},
        {"pitch_mm": 5.0, "dpi": 203.2, "region": "50,70,330,270"},
        {"pitch_mm": 5.0},
        {"plate": True},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_plate_is_one_sample_per_cell_however_it_is_cut(save, draw_plate, options):
    pixels = draw_plate(5, 7)
    path = save("lib.png", pixels, dpi=(203.2, 203.2))
    samples = list(read_file(path, {"margin": 0.1, **options}))
    assert [sample.ordinal for sample in samples] == list(range(35))
    assert (samples[0].id, samples[-1].id) == ("lib-A1", "lib-E7")
    assert samples[9].position == (1.0, 2.0)
    assert samples[9].metadata == {"cell": "B3"}
    assert samples[9].groups == {"plate": "lib"}
    assert {sample.source for sample in samples} == {str(path)}
    for sample in samples:
        crop = sample.arrays["scan"]["scan"]
        assert crop.shape == (32, 32, 3)
        assert crop[16, 16].astype(int).sum() < crop[0, 0].astype(int).sum() - 20  # drop on glass


def test_a_plate_map_names_the_samples_it_knows(save, draw_plate, tmp_path):
    (tmp_path / "map.csv").write_text("cell,sample_id,composition\nB3,BVO-1,Bi0.5V0.5\n")
    path = save("lib.png", draw_plate(5, 7))
    options = {"grid": "5x7", "plate_map": tmp_path / "map.csv"}
    samples = list(read_file(path, options))
    assert [sample.id for sample in samples[8:11]] == ["lib-B2", "BVO-1", "lib-B4"]
    assert samples[9].groups == {"plate": "lib", "composition": "Bi0.5V0.5"}
    assert samples[9].metadata == {"cell": "B3", "composition": "Bi0.5V0.5"}


def test_a_published_file_is_read_with_its_spectra(tmp_path):
    h5py = pytest.importorskip("h5py")
    energies = np.linspace(1.31, 3.1, 220)
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["images"] = np.zeros((3, 64, 64, 3), np.uint8)
        file["spectra"], file["energy_eV"] = np.ones((3, 220)), energies
    samples = list(read_file(tmp_path / "set.h5", {}, energies=energies))
    assert [sample.id for sample in samples] == ["set-0", "set-1", "set-2"]
    assert samples[2].arrays["absorption"]["absorption"].shape == (220,)


def failure(path, options):
    (failed,) = read_file(path, options)
    assert isinstance(failed, Failure)
    assert failed.source == str(path)
    assert "\n" not in failed.error
    return failed.error


def test_what_cannot_be_read_is_a_failure_of_that_file(save, draw_plate, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    assert "no PNG, TIFF, JPEG or BMP" in failure(tmp_path / "text.png", {})
    assert "no such file" in failure(tmp_path / "gone.png", {})
    path = save("a.png", draw_plate(1, 1))
    assert "--max-pixels" in failure(path, {"max_pixels": 100})
    assert "no regular grid" in failure(path, {"plate": True})
    assert "give --dpi" in failure(path, {"pitch_mm": 5.0})
    assert "reaches beyond the image" in failure(path, {"grid": "1x1", "region": "0,0,9999,9"})
    gone = {"grid": "1x1", "plate_map": tmp_path / "map.csv"}
    assert "map.csv: the table cannot be opened" in failure(path, gone)


def test_a_missing_library_fails_the_file_and_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "xmodkit[uvvis]" in failure(tmp_path / "set.h5", {})


def test_options_that_cannot_mean_anything_stop_the_run(save, draw_plate):
    path = save("a.png", draw_plate(1, 1))
    for options in ({"grid": "seven"}, {"region": "0,0,1,1"}, {"grid": "1x1", "margin": 0.5}):
        with pytest.raises(UsageError):
            list(read_file(path, options))


def test_a_file_damaged_half_way_yields_its_samples_and_then_the_failure(tmp_path):
    h5py = pytest.importorskip("h5py")
    images = np.zeros((600, 8, 8, 3), np.float32)
    images[599] = 7
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["images"] = images
    *samples, last = read_file(tmp_path / "set.h5", {})
    assert len(samples) == 512
    assert all(isinstance(sample, Sample) for sample in samples)
    assert isinstance(last, Failure)
    assert last.ordinal == 512


@pytest.mark.parametrize("most", [0, -1])
def test_a_limit_of_no_pixels_is_a_usage_error(tmp_path: Path, most: int):
    with pytest.raises(UsageError, match="--max-pixels"):
        read_scan(tmp_path / "any.png", {"max_pixels": most})
