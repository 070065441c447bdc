"""Pairs as they are published and as a table names them go into a store and come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.pair import Failure, Route, Sample
from xmodkit_saxs_sem.modalities import SAXS, SEM
from xmodkit_saxs_sem.reading.files import read_file
from xmodkit_saxs_sem.reading.raw import PUBLISHED_ROWS, read_raw

RNG = np.random.default_rng(5)


def micrograph(path: Path, height: int = 300, width: int = 300) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (height, width)).astype(np.uint8)).save(path)


def frame(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (60, 60, 3)).astype(np.uint8)).save(path)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read(folder: Path, **options: object) -> tuple[list[Sample], list[Failure]]:
    items = list(read_raw(files(folder), options))
    samples = [item for item in items if isinstance(item, Sample)]
    for sample in samples:
        SAXS.check(sample.arrays["saxs"])
        SEM.check(sample.arrays["sem"])
    return samples, [item for item in items if isinstance(item, Failure)]


def test_published_folders_are_paired_in_order(tmp_path: Path) -> None:
    """The rows below 830 are the info bar."""
    for i in (1, 2):
        micrograph(tmp_path / "SEM" / f"s{i}.tif", 960, 1280)
        frame(tmp_path / "SAXS" / f"x{i}.jpg")
    samples, failures = read(tmp_path)
    assert not failures
    assert [sample.id for sample in samples] == [f"{tmp_path.name}-s{i}" for i in (1, 2)]
    assert samples[0].arrays["sem"]["micrograph"].shape == (PUBLISHED_ROWS, 1280)
    assert samples[0].metadata["simulated"] is False
    assert "phi" not in samples[0].metadata
    whole, _ = read(tmp_path, info_bar="none")
    assert whole[0].arrays["sem"]["micrograph"].shape == (960, 1280)


def test_unequal_folders_are_refused(tmp_path: Path) -> None:
    """Pairs by order would be wrong pairs."""
    micrograph(tmp_path / "SEM" / "a.tif")
    for i in (1, 2):
        frame(tmp_path / "SAXS" / f"{i}.jpg")
    samples, (failure,) = read(tmp_path)
    assert not samples
    assert "1 files in SEM and 2 in SAXS" in failure.error


def test_a_table_names_pairs_and_what_is_known_of_them(tmp_path: Path) -> None:
    """phi, the size of a pixel, a mask, a group; unknown columns are noticed."""
    for i in (1, 2):
        micrograph(tmp_path / f"s{i}.tif")
        frame(tmp_path / f"x{i}.png")
    mask = np.zeros((60, 60), np.uint8)
    mask[:9] = 1
    Image.fromarray(mask).save(tmp_path / "m.png")
    (tmp_path / "pairs.csv").write_text(
        "id,sem,saxs,phi,pixel_nm,mask,group,colour\n"
        "one,s1.tif,x1.png,0.4,1.6,m.png,wafer,red\n"
        "two,s2.tif,x2.png,,,,,\n"
    )
    (one, two), failures = read(tmp_path)
    assert not failures
    assert (one.id, one.metadata["phi"], one.groups) == ("one", 0.4, {"sample": "wafer"})
    assert one.arrays["sem"]["pixel_nm"] == pytest.approx(1.6)
    assert not one.arrays["saxs"]["mask"][:9].any()
    assert "phi" not in two.metadata
    assert two.groups == {"sample": "two"}
    assert two.arrays["sem"]["pixel_nm"] == 2
    assert two.arrays["saxs"]["mask"].all()
    assert any("colour" in text for text in one.notices)


def test_a_table_says_what_was_simulated(tmp_path: Path) -> None:
    """Nobody measured it: models and calibrations that rest on it say so."""
    micrograph(tmp_path / "s.tif")
    frame(tmp_path / "x.png")
    (tmp_path / "pairs.csv").write_text(
        "id,sem,saxs,simulated\n"
        "a,s.tif,x.png,True\nb,s.tif,x.png,0\nc,s.tif,x.png,\nd,s.tif,x.png,perhaps\n"
    )
    samples, (failure,) = read(tmp_path)
    said = {sample.id: sample.metadata["simulated"] for sample in samples}
    assert said == {"a": True, "b": False, "c": False}
    assert samples[0].metadata["data"].startswith("simulated SAXS frame")
    assert samples[1].metadata["data"].startswith("measured SAXS frame")
    assert "simulated 'perhaps' given, true or false expected" in failure.error


def test_predicting_passes_over_tables_of_pairs(tmp_path: Path) -> None:
    """They lie beside the files they name; other tables may hold a frame and are looked at."""
    table, other = tmp_path / "pairs.csv", tmp_path / "other.csv"
    table.write_text("sem,saxs\na.tif,b.tif\n")
    other.write_text("a,b\n1,2\n")
    route = Route("saxs", "sem")
    assert list(read_file(table, route, {})) == []
    (failure,) = read_file(other, route, {})
    assert isinstance(failure, Failure)


def test_bad_lines_are_failures_of_their_own(tmp_path: Path) -> None:
    """Each says its line; good ones are read."""
    micrograph(tmp_path / "s.tif")
    frame(tmp_path / "x.png")
    (tmp_path / "none.poni").write_text("none")
    (tmp_path / "pairs.csv").write_text(
        "sem,saxs,phi,azimuth,poni\n"
        "s.tif,x.png,0.4,10,\n"
        "s.tif,x.png,1.4,,\n"
        "s.tif,x.png,,north,\n"
        "s.tif,,,,\n"
        "s.tif,x.png\n"
        "s.tif,absent.png,,,\n"
        "s.tif,x.png,,,none.poni\n"
    )
    samples, failures = read(tmp_path)
    assert [sample.id for sample in samples] == ["pairs-2"]
    assert [failure.ordinal for failure in failures] == [3, 4, 5, 6, 7, 8]
    expected = (
        "between 0 and 1",
        "a number",
        "no file under saxs",
        "2 cells",
        "absent.png",
        "--poni",
    )
    for failure, text in zip(failures, expected, strict=True):
        assert text in failure.error
        assert "\n" not in failure.error


def test_files_that_belong_to_nothing_are_failures(tmp_path: Path) -> None:
    """They would be lost in silence."""
    frame(tmp_path / "x.png")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    samples, failures = read(tmp_path)
    assert not samples
    assert [failure.id for failure in failures] == ["other", "x"]
    assert "no table" in failures[0].error


def test_wrong_options_end_the_run(tmp_path: Path) -> None:
    """They would fail every pair."""
    micrograph(tmp_path / "SEM" / "a.tif")
    frame(tmp_path / "SAXS" / "a.jpg")
    with pytest.raises(UsageError, match="--info-bar"):
        read(tmp_path, info_bar="low")
