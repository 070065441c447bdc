"""`xmod generate` draws a grid of made-up spectra and stores what it made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from xmodkit.pair import Generation
from xmodkit.store import StoreReader
from xmodkit_uvvis.pair import UvVis

GRID = ["--gap", "1.4:2.9", "--slope", "5:30", "--rows", "3", "--columns", "4"]


@pytest.fixture(scope="module")
def model(exported: Callable[[str, str], Path]) -> Path:
    return exported("cvae", "absorption:scan")


def test_a_picture_and_a_store_beside_it(model: Path, xmod: Callable, tmp_path: Path):
    done = xmod("generate", "--model", model, *GRID, "--max", "0.75", "-o", "grid.png", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["in"] == summary["out"] == 12
    assert summary["pictures"] == ["grid.png"]
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.width > 300
    reader = StoreReader(tmp_path / "grid.zarr")
    assert len(reader) == 12
    assert json.loads(str(reader.read("metadata", 0, 1)[0]))["maximum"] == 0.75


def test_several_maxima_and_latents_into_a_store(model: Path, xmod: Callable, tmp_path: Path):
    scalings = [part for m in ("2.0", "0.75", "0.25") for part in ("--max", m)]
    args = ["--model", model, *GRID, *scalings, "--latents", "2", "-o", "out.zarr"]
    done = xmod("generate", *args, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["out"] == 2 * 3 * 12
    assert len(list((tmp_path / "out.figures").glob("grid-*.png"))) == 2
    again = xmod("generate", *args)
    assert again.code == 2
    assert "--overwrite" in again.err
    assert xmod("generate", *args, "--overwrite").code == 0


def test_generated_samples_can_be_predicted_from(model: Path, xmod: Callable, tmp_path: Path):
    assert xmod("generate", "--model", model, *GRID, "--max", "0.75", "-o", "g.zarr").code == 0
    done = xmod("infer", "--plugin", "uvvis", "g.zarr", "-o", "back", "--pictures", "0")
    assert done.code == 0, done.err
    assert len(StoreReader(tmp_path / "back" / "store.zarr")) == 12


def test_infer_draws_scans_for_spectra_in_a_store(model: Path, xmod: Callable, tmp_path: Path):
    assert xmod("generate", "--model", model, *GRID, "--max", "0.75", "-o", "g.zarr").code == 0
    done = xmod("infer", "--model", model, "g.zarr", "-o", "drawn")
    assert done.code == 0, done.err
    assert list((tmp_path / "drawn" / "figures").glob("sheet-*.png"))


def test_a_pair_without_a_shipped_generator_says_so(
    xmod: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("xmodkit_uvvis.pair._WEIGHTS", tmp_path)
    done = xmod("generate", "--plugin", "uvvis", "-o", "grid.png")
    assert done.code == 1
    assert "ships no model for absorption:scan" in done.err
    assert "--model" in done.err


def test_a_wrong_range_is_a_usage_error(model: Path, xmod: Callable):
    done = xmod("generate", "--model", model, "--gap", "2.9:1.4", "-o", "grid.png")
    assert done.code == 2
    assert "--gap" in done.err


def test_a_pair_writes_files_of_its_own_and_says_what_became_of_all_that_was_drawn(
    xmod: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """In the folder of --out, or beside a store; files and counts stand in the summary."""

    def write(folder: Path) -> list[Path]:
        (folder / "table.csv").write_text("name\n")
        return [folder / "table.csv"]

    def generate(self: UvVis, *args: object) -> Generation:
        made = of_pair(self, *args)
        return Generation(made.samples, made.pictures, write, {"drawn": 20, "duplicates": 8})

    of_pair = UvVis.generate
    monkeypatch.setattr(UvVis, "generate", generate)
    args = ["generate", "--plugin", "uvvis", *GRID, "--max", "0.75", "-o"]
    done = xmod(*args, "made", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["files"] == [str(Path("made") / "table.csv")]
    assert summary["counts"] == {"drawn": 20, "duplicates": 8}
    assert (tmp_path / "made" / "table.csv").is_file()
    done = xmod(*args, "grid.zarr")
    assert (tmp_path / "grid.files" / "table.csv").is_file()
    assert "20 drawn, 8 duplicates" in done.err


def test_that_nothing_is_left_of_what_was_drawn_is_one_line(
    xmod: Callable, monkeypatch: pytest.MonkeyPatch
):
    nothing = Generation([], {}, counts={"drawn": 20, "empty": 20})
    monkeypatch.setattr(UvVis, "generate", lambda *_: nothing)
    done = xmod("generate", "--plugin", "uvvis", *GRID, "-o", "made")
    assert done.code == 1
    assert "nothing was generated: 20 drawn, 20 empty" in done.err
