"""Files of its own that a sample leaves behind: images with their scale, curves, frames."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from xmodkit.pair import Sample
from xmodkit.prediction import Prediction
from xmodkit_saxs_sem.modalities import R_NM
from xmodkit_saxs_sem.output_files import write_files
from xmodkit_saxs_sem.pair import SaxsSem

PAIR = SaxsSem()


def test_an_image_is_written_in_its_own_pixels_and_says_how_large_they_are(
    film: Sample, predict: Callable[..., Prediction], tmp_path: Path
):
    found = predict(film, "saxs", n=3)
    paths = write_files(film, found, tmp_path)
    assert [path.name for path in paths] == [
        "film_1.png", "film_1.members.png", "film_1.statistics.csv",
    ]  # fmt: skip
    with Image.open(paths[0]) as image:
        np.testing.assert_array_equal(np.asarray(image), found.fields["micrograph"].value)
        assert image.info["pixel_nm"] == "4"
        nm = 0.0254e9 / image.info["dpi"][0]
    assert abs(nm - 4) < 0.01
    with Image.open(paths[1]) as sheet:
        first = np.asarray(sheet)[:96, :96]
    np.testing.assert_array_equal(first, found.fields["ensemble"].value[0])


def test_curves_are_a_table_with_bounds_over_the_distance(
    film: Sample, predict: Callable[..., Prediction], tmp_path: Path
):
    found = predict(film, "saxs", n=3)
    with write_files(film, found, tmp_path)[2].open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["r_nm"]) for row in rows] == R_NM.tolist()
    for name in ("two_point", "two_point_upper", "lineal_path_vertical"):
        assert name in rows[0]
    read = np.array([float(row["two_point"]) for row in rows])
    np.testing.assert_allclose(read, found.fields["two_point"].value, rtol=1e-5)


def test_curves_of_a_novel_frame_have_no_bounds(
    unknown_q: Sample, predict: Callable[..., Prediction], tmp_path: Path
):
    paths = write_files(unknown_q, predict(unknown_q, "saxs", n=2), tmp_path)
    head = paths[2].read_text().splitlines()[0]
    assert head == "r_nm,two_point,lineal_path_vertical,lineal_path_horizontal"


def test_a_frame_is_read_back_as_it_was_predicted(
    film: Sample, predict: Callable[..., Prediction], tmp_path: Path
):
    found = predict(film, "sem")
    (path,) = write_files(film, found, tmp_path)
    assert path.name == "film_1.saxs.dat"
    (read,) = PAIR.read(path, PAIR.route("saxs:sem"), {})
    assert isinstance(read, Sample)
    for name in ("intensity", "qx", "qy"):
        wanted = found.fields[name].value
        np.testing.assert_allclose(read.arrays["saxs"][name], wanted, rtol=1e-5, atol=1e-6)
    assert read.arrays["saxs"]["mask"].all()


def test_samples_of_one_name_get_files_of_their_own_and_a_repeat_replaces_them(
    film: Sample, predict: Callable[..., Prediction], tmp_path: Path
):
    image, frame = predict(film, "saxs", n=2), predict(film, "sem")
    other = replace(film, source="elsewhere/film.h5")
    for found, count in ((image, 3), (frame, 1)):
        first = write_files(film, found, tmp_path)
        second = write_files(other, found, tmp_path)
        assert not {*first} & {*second}
        assert write_files(film, found, tmp_path) == first
        assert write_files(other, found, tmp_path) == second
        assert len(first) == count
