"""`xmod infer` says what it did in the words of the contract, and never dies of an input."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.store import StoreReader

INFER = ("infer", "--plugin", "uvvis")
ENERGIES = np.linspace(1.31, 3.1, 220)


def ids(store: Path) -> list[str]:
    return [str(name) for name in StoreReader(store).read("sample_id")]


# What comes out


def test_the_summary_has_the_keys_of_the_contract_and_nothing_else_is_on_stdout(inferred):
    values = inferred.ran.summary
    assert inferred.ran.code == 0
    assert (values["in"], values["failed"], values["skipped"]) == (12, 0, 0)
    assert (values["device"], values["model"]) == ("cpu", "scan-absorption.onnx")
    assert values["store"] == "out.zarr"
    assert values["samples_per_s"] > 0


def test_it_is_said_once_that_the_model_was_trained_on_simulation(inferred):
    assert inferred.ran.err.count("simulated samples") == 1
    assert inferred.ran.errors == []


def test_the_store_holds_what_the_contract_names(inferred, scans: Path):
    reader = StoreReader(inferred.store)
    bounded = ["absorption", "band_gap", "band_gap_indirect"]
    names = {"sample_id", "source", "novelty", "novel", "bounds_source", "latent", "input_scan"}
    names |= {name + end for name in bounded for end in ("", "_lower", "_upper")}
    names |= {"band_gap_status", "band_gap_indirect_status"}
    assert set(reader.fields) == names
    files = sorted(scans.glob("*.png"))
    assert ids(inferred.store) == [path.stem for path in files]
    assert [str(source) for source in reader.read("source")] == [str(path) for path in files]
    for path, row in zip(files, reader.samples(), strict=True):
        np.testing.assert_array_equal(row["input_scan"], np.asarray(Image.open(path)))
    assert reader.read("absorption").shape == (12, 220)
    assert set(reader.read("band_gap_status")) <= {"value", "above", "below", "none"}


def test_bounds_hold_the_value_unless_the_sample_is_novel(inferred):
    reader = StoreReader(inferred.store)
    novel = reader.read("novel")
    lower, value, upper = (reader.read(f"absorption{e}") for e in ("_lower", "", "_upper"))
    assert np.isnan(lower[novel]).all()
    assert ((lower <= value) & (value <= upper))[~novel].all()
    expected = np.where(novel, "none", "simulated")
    assert list(reader.read("bounds_source")) == list(expected)


def test_xarray_opens_the_store_with_energies_and_units_and_without_a_warning(inferred):
    xarray = pytest.importorskip("xarray")
    with xarray.open_zarr(inferred.store) as data:
        np.testing.assert_allclose(data["energy"], ENERGIES)
        assert data["energy"].attrs["units"] == "eV"
        assert data["absorption"].dims == ("sample", "energy")
        assert data["absorption_lower"].dims == ("sample", "energy")
        assert data["absorption"].attrs["units"] == "1"
        assert data["band_gap"].dims == ("sample",)
        assert data["band_gap"].attrs["units"] == "eV"
        assert data.sizes["sample"] == 12
        assert float(data["absorption"].sel(energy=3.1, method="nearest")[0]) == pytest.approx(
            StoreReader(inferred.store).read("absorption")[0, -1]
        )
        assert [str(name) for name in data["sample_id"].values] == ids(inferred.store)


def test_the_csv_has_a_row_per_sample_and_a_column_per_energy(inferred):
    with inferred.csv.open(newline="") as file:
        heads, *rows = csv.reader(file)
    reader = StoreReader(inferred.store)
    assert [row[heads.index("sample_id")] for row in rows] == ids(inferred.store)
    columns = [head for head in heads if head.startswith("absorption_1.") and "eV" in head]
    assert columns[0] == "absorption_1.310eV_inferred"
    assert len([head for head in heads if head.startswith("absorption_lower_")]) == 220
    assert not [head for head in heads if head.startswith(("input", "latent"))]
    gaps = np.array([float(row[heads.index("band_gap")]) for row in rows])
    np.testing.assert_allclose(gaps, reader.read("band_gap"), rtol=1e-4)
    last = heads.index("absorption_3.100eV")
    np.testing.assert_allclose(
        [float(row[last]) for row in rows], reader.read("absorption")[:, -1], rtol=1e-4
    )


def test_pictures_lie_beside_the_store(inferred):
    figures = inferred.folder / "out.figures"
    assert len(list((figures / "cards").iterdir())) == 12
    with Image.open(figures / "sheet-1.png") as sheet:
        assert min(sheet.size) > 300
    assert not (inferred.folder / "out.failed.jsonl").exists()


def test_without_json_a_table_is_printed_and_the_rest_goes_to_stderr(xmod, scans: Path):
    ran = xmod(*INFER, scans, "--pictures", 0)
    heads, *rows = ran.out.splitlines()
    assert ran.code == 0
    assert heads.split("  ")[0] == "sample"
    assert "band_gap / eV" in heads
    assert [row.split()[0] for row in rows] == [p.stem for p in sorted(scans.glob("*.png"))]
    assert "12 predicted" in ran.err
    assert "store: scans.uvvis/store.zarr" in ran.err
    assert StoreReader("scans.uvvis/store.zarr").closed


# What goes in


def test_a_store_of_simulated_samples_is_an_input(xmod):
    for library in ("tmm", "colour", "scipy"):
        pytest.importorskip(library)
    assert xmod("simulate", "--plugin", "uvvis", "-n", 3, "-o", "sim.zarr", "--json").code == 0
    ran = xmod(*INFER, "sim.zarr", "-o", "out.zarr", "--json", "--pictures", 0)
    assert (ran.code, ran.summary["out"]) == (0, 3)
    assert ids(Path("out.zarr")) == ids(Path("sim.zarr"))


def test_kept_inputs_are_predicted_again_as_they_were(xmod, inferred):
    ran = xmod(*INFER, inferred.store, "-o", "out.zarr", "--json", "--pictures", 0)
    assert (ran.code, ran.summary["out"]) == (0, 12)
    for name in ("absorption", "absorption_upper", "band_gap", "latent"):
        np.testing.assert_array_equal(
            StoreReader("out.zarr").read(name), StoreReader(inferred.store).read(name)
        )


def test_a_store_without_inputs_is_a_failed_input_that_says_what_it_holds(xmod, scans: Path):
    xmod(*INFER, scans / "sim-2024-000000.png", "-o", "bare.zarr", "--pictures", 0)
    ran = xmod(*INFER, "bare.zarr", "-o", "out.zarr", "--json")
    assert (ran.code, ran.summary["failed"]) == (3, 1)
    (line,) = ran.errors
    assert line.startswith("bare.zarr: holds no scan, which scan:absorption predicts from")


def test_a_plate_is_as_many_samples_as_it_has_films(xmod, plate: Path):
    ran = xmod(*INFER, plate, "--grid", "2x3", "-o", "out.zarr", "--json", "--pictures", 0)
    assert (ran.code, ran.summary["in"]) == (0, 6)
    assert len(set(ids(Path("out.zarr")))) == 6


def test_output_in_the_midst_of_the_inputs_is_not_read_as_input(xmod, scans: Path):
    shutil.copytree(scans, "here")
    os.chdir("here")
    first = xmod(*INFER, ".", "--json")
    assert first.summary["in"] == 12
    again = xmod(*INFER, ".", "--json", "--resume").summary
    assert (again["in"], again["skipped"]) == (0, 12)


def test_files_of_other_kinds_are_skipped_and_several_paths_keep_their_order(xmod, scans: Path):
    Path("b").mkdir()
    Path("notes.txt").write_text("x")
    for name in ("b/s10.png", "b/s9.png", "a.png"):
        shutil.copy(scans / "sim-2024-000001.png", name)
    Path("b/readme.md").write_text("x")
    ran = xmod(*INFER, "b", "a.png", "./b/s9.png", "-o", "o", "--json", "--pictures", 0)
    assert ran.summary["skipped"] == 1
    assert ids(Path("o/store.zarr")) == ["s9", "s10", "a"]


def test_a_dry_run_lists_what_would_be_read_and_writes_nothing(xmod, scans: Path):
    Path("in").mkdir()
    shutil.copy(scans / "sim-2024-000000.png", "in/b.png")
    Path("in/a.png").write_text("never opened")
    Path("in/c.txt").write_text("x")
    ran = xmod(*INFER, "in", "--dry-run")
    assert (ran.code, ran.out.splitlines()) == (0, ["in/a.png", "in/b.png"])
    assert "2 files would be read, 1 of other kinds skipped" in ran.err
    (line,) = xmod(*INFER, "in", "--dry-run", "--json").out.splitlines()
    assert json.loads(line) == {"files": ["in/a.png", "in/b.png"], "skipped": 1}
    assert [path.name for path in Path().iterdir()] == ["in"]


def test_a_preview_draws_the_grid_and_the_crops_and_predicts_nothing(xmod, scans, plate: Path):
    ran = xmod(*INFER, plate, "--grid", "2x3", "--preview", "-o", "p", "--json")
    (line,) = ran.out.splitlines()
    assert json.loads(line) == {"previews": ["p/figures/preview-plate.png"], "failed": 0}
    with Image.open("p/figures/preview-plate.png") as drawn, Image.open(plate) as read:
        assert drawn.size == read.size
        assert np.any(np.asarray(drawn) != np.asarray(read))
    crops = xmod(*INFER, scans, "--preview", "-o", "c")
    assert (crops.code, crops.out) == (0, "")
    assert Path("c/figures/preview-crops-1.png").is_file()
    assert not Path("p/store.zarr").exists()
    assert not Path("c/store.zarr").exists()
    assert xmod(*INFER, plate, "--grid", "2x3", "-o", "p", "--json").code == 0


def test_previews_of_plates_of_one_name_do_not_replace_each_other(xmod, plate: Path):
    for folder in ("monday", "tuesday"):
        Path(folder).mkdir()
        shutil.copy(plate, folder)
    ran = xmod(*INFER, "monday", "tuesday", "--grid", "2x3", "--preview", "-o", "p", "--json")
    previews = json.loads(ran.out)["previews"]
    assert len(set(previews)) == 2
    assert all(Path(path).is_file() for path in previews)


def test_an_empty_folder_is_no_error_but_said(xmod, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    ran = xmod(*INFER, "empty", "--json")
    assert (ran.code, ran.summary["in"]) == (0, 0)
    assert ran.errors == [
        "nothing to read here: uvvis reads .png, .tif, .tiff, .jpg, .jpeg, .bmp, .h5, .hdf5"
    ]
