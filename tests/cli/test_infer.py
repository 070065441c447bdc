"""`xmod infer` says what it did in the words of the contract, and never dies of an input."""

from __future__ import annotations

import csv
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit import plugins
from xmodkit.store import StoreReader

KEYS = ["in", "out", "failed", "skipped", "novel", "device", "samples_per_s", "model", "store"]
INFER = ("infer", "--plugin", "uvvis")
ENERGIES = np.linspace(1.31, 3.1, 220)


def summary(out: str) -> dict:
    """Return the summary, which must be all that stands on stdout."""
    (line,) = out.splitlines()
    values = json.loads(line)
    assert list(values) == KEYS
    assert values["in"] == values["out"] + values["failed"]
    return values


def ids(store: Path) -> list[str]:
    return [str(name) for name in StoreReader(store).read("sample_id")]


# What comes out


def test_the_summary_has_the_keys_of_the_contract_and_nothing_else_is_on_stdout(inferred):
    values = summary(inferred.ran.out)
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
    assert (ran.code, summary(ran.out)["out"]) == (0, 3)
    assert ids(Path("out.zarr")) == ids(Path("sim.zarr"))


def test_kept_inputs_are_predicted_again_as_they_were(xmod, inferred):
    ran = xmod(*INFER, inferred.store, "-o", "out.zarr", "--json", "--pictures", 0)
    assert (ran.code, summary(ran.out)["out"]) == (0, 12)
    for name in ("absorption", "absorption_upper", "band_gap", "latent"):
        np.testing.assert_array_equal(
            StoreReader("out.zarr").read(name), StoreReader(inferred.store).read(name)
        )


def test_a_store_without_inputs_is_a_failed_input_that_says_what_it_holds(xmod, scans: Path):
    xmod(*INFER, scans / "sim-2024-000000.png", "-o", "bare.zarr", "--pictures", 0)
    ran = xmod(*INFER, "bare.zarr", "-o", "out.zarr", "--json")
    assert (ran.code, summary(ran.out)["failed"]) == (3, 1)
    (line,) = ran.errors
    assert line.startswith("bare.zarr: holds no scan, which scan:absorption predicts from")


def test_a_plate_is_as_many_samples_as_it_has_films(xmod, plate: Path):
    ran = xmod(*INFER, plate, "--grid", "2x3", "-o", "out.zarr", "--json", "--pictures", 0)
    assert (ran.code, summary(ran.out)["in"]) == (0, 6)
    assert len(set(ids(Path("out.zarr")))) == 6


def test_output_in_the_midst_of_the_inputs_is_not_read_as_input(xmod, scans: Path):
    shutil.copytree(scans, "here")
    os.chdir("here")
    first = xmod(*INFER, ".", "--json")
    assert summary(first.out)["in"] == 12
    again = summary(xmod(*INFER, ".", "--json", "--resume").out)
    assert (again["in"], again["skipped"]) == (0, 12)


def test_files_of_other_kinds_are_skipped_and_several_paths_keep_their_order(xmod, scans: Path):
    Path("b").mkdir()
    Path("notes.txt").write_text("x")
    for name in ("b/s10.png", "b/s9.png", "a.png"):
        shutil.copy(scans / "sim-2024-000001.png", name)
    Path("b/readme.md").write_text("x")
    ran = xmod(*INFER, "b", "a.png", "./b/s9.png", "-o", "o", "--json", "--pictures", 0)
    assert summary(ran.out)["skipped"] == 1
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
    assert (ran.code, summary(ran.out)["in"]) == (0, 0)
    assert ran.errors == [
        "nothing to read here: uvvis reads .png, .tif, .tiff, .jpg, .jpeg, .bmp, .h5, .hdf5"
    ]


# Bad inputs


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


REFUSED = {
    "bomb.png": "50000 x 50000 = 2,500,000,000 pixels given, at most 300,000,000 accepted",
    "cut.png": "cut short",
    "empty.png": "the file is empty",
    "mislabelled.jpg": "named as JPEG but holds PNG",
    "text.png": "no PNG, TIFF, JPEG or BMP image",
}
CONVERTED = {
    "alpha.png": "alpha laid on white",
    "cmyk.jpg": "CMYK converted to RGB",
    "deep.png": "16-bit values divided by 257",
    "turned.jpg": "turned by its EXIF orientation",
}


@pytest.fixture(scope="module")
def odd(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of images as instruments and people really leave them."""
    folder = tmp_path_factory.mktemp("odd")
    source = scans / "sim-2024-000000.png"
    whole = source.read_bytes()
    image = Image.open(source).convert("RGB")
    (folder / "bomb.png").write_bytes(png_claiming(50_000, 50_000))
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "mislabelled.jpg").write_bytes(whole)
    (folder / "text.png").write_text("sample 7, see notebook")
    image.convert("RGBA").save(folder / "alpha.png")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(
        folder / "deep.png"
    )
    exif = Image.Exif()
    exif[274] = 6
    image.save(folder / "turned.jpg", exif=exif)
    image.save(folder / "good.png")
    return folder


def test_bad_images_fail_alone_on_one_line_each_and_odd_ones_are_converted(xmod, odd: Path):
    ran = xmod(*INFER, odd, odd / "nowhere.png", "-o", "out.zarr", "--json", "--pictures", 0)
    values = summary(ran.out)
    assert (ran.code, values["out"], values["failed"]) == (3, 5, 6)
    said = {**REFUSED, **CONVERTED, "nowhere.png": "no such file or folder"}
    for name, reason in said.items():
        lines = [line for line in ran.errors if line.startswith(f"{odd}/{name}: ")]
        assert any(reason in line for line in lines), (name, ran.err)
    about = {line.partition(": ")[0] for line in ran.errors}
    assert about == {f"{odd}/{name}" for name in said}
    failures = [json.loads(line) for line in Path("out.failed.jsonl").read_text().splitlines()]
    assert [Path(failure["source"]).name for failure in failures] == [*REFUSED, "nowhere.png"]
    assert all(set(failure) == {"id", "source", "error"} for failure in failures)


def test_a_higher_limit_of_pixels_lets_a_large_image_in_and_a_lower_one_keeps_it_out(
    xmod, scans: Path
):
    scan = scans / "sim-2024-000000.png"
    ran = xmod(*INFER, scan, "--max-pixels", 100, "-o", "out.zarr", "--json")
    assert (ran.code, summary(ran.out)["failed"]) == (3, 1)
    assert "raise --max-pixels" in ran.err
    ran = xmod(*INFER, scan, "--max-pixels", 20_000, "-o", "out.zarr", "--json", "--pictures", 0)
    assert ran.code == 0


def test_a_notice_that_holds_for_a_whole_plate_is_given_once(xmod, plate: Path):
    Image.open(plate).convert("CMYK").save("plate.tif")
    ran = xmod(*INFER, "plate.tif", "--grid", "2x3", "-o", "o", "--json", "--pictures", 0)
    assert summary(ran.out)["out"] == 6
    assert ran.errors == ["plate.tif: CMYK converted to RGB"]


# Mistakes of usage and other errors


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["infer"], "no input given"),
        (["infer", "SCAN"], "--plugin is missing; installed: "),
        ([*INFER, "SCAN", "--route", "a:b"], "no route 'a:b'; it has scan:absorption"),
        ([*INFER, "SCAN", "--route", "scan-"], "quote it, or write scan:TARGET"),
        ([*INFER, "SCAN", "--device", "gpu"], "expected auto, cpu, cuda or cuda:0"),
        ([*INFER, "SCAN", "--bogus"], "No such option '--bogus'"),
        ([*INFER, "SCAN", "--batch-size", "0"], "'--batch-size'"),
        ([*INFER, "SCAN", "--threads", "many"], "'--threads'"),
        ([*INFER, "SCAN", "--pictures", "-1"], "'--pictures'"),
        ([*INFER, "SCAN", "--pitch-mm", "wide"], "'--pitch-mm'"),
        ([*INFER, "SCAN", "--grid", "seven"], "ROWSxCOLS expected"),
        ([*INFER, "SCAN", "--grid", "0x4"], "ROWSxCOLS expected"),
        ([*INFER, "SCAN", "--grid", "2x2", "--margin", "0.5"], "--margin 0.5"),
        ([*INFER, "SCAN", "--grid", "2x2", "--region", "1,2"], "x0,y0,x1,y1"),
        ([*INFER, "SCAN", "--grid", "2x2", "--pitch-mm", "4"], "give one of them"),
        ([*INFER, "SCAN", "--margin", "0.1"], "--margin needs a plate"),
        ([*INFER, "SCAN", "--grid", "seven", "--preview"], "ROWSxCOLS expected"),
        ([*INFER, "SCAN", "--resume", "--overwrite"], "give one of them"),
        ([*INFER, "SCAN", "-o", "SCAN"], "--out"),
        ([*INFER, "SCAN", "--preview", "-o", "SCAN"], "--out"),
        ([*INFER, "SCAN", "--csv", "SCAN/gaps.csv"], "--csv"),
        ([*INFER, "SCAN", "--csv", "."], "--csv .: a folder is there"),
        (["infer", "--plugin"], "requires an argument"),
    ],
)
def test_a_mistake_of_usage_is_one_line_and_exit_code_2(xmod, scans, args: list[str], said: str):
    ran = xmod(*(arg.replace("SCAN", str(scans / "sim-2024-000000.png")) for arg in args))
    (line,) = ran.errors
    assert (ran.code, ran.out) == (2, "")
    assert line.startswith("xmod: error: ")
    assert said in line
    assert not list(Path().glob("**/zarr.json"))


def test_another_error_is_one_line_and_exit_code_1(xmod, scans: Path):
    ran = xmod("infer", "--plugin", "nope", scans)
    assert (ran.code, ran.out) == (1, "")
    installed = ", ".join(plugins.names())
    assert ran.err == (
        f"xmod: error: no plugin 'nope'; installed: {installed} (see `xmod plugins list`)\n"
    )


def test_asking_for_a_gpu_that_is_not_there_fails_before_anything_is_written(xmod, scans: Path):
    from xmodkit.device import available_devices

    if "cuda" in available_devices():
        pytest.skip("a CUDA driver is here")
    ran = xmod(*INFER, scans, "--device", "cuda", "-o", "out.zarr")
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("xmod: error: --device cuda: ")
    assert line.endswith("or use --device cpu")
    assert not Path("out.zarr").exists()


def test_a_model_file_that_is_damaged_is_one_line(xmod, scans: Path):
    pair = plugins.pair("uvvis")
    whole = pair.model_file(pair.routes[0], {}).read_bytes()
    half = len(whole) // 2
    damaged = {
        "cut.onnx": (whole[:half], "cut short"),
        "changed.onnx": (whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :], "damaged"),
        "empty.onnx": (b"", "no xmodkit metadata"),
        "text.onnx": (b"hello", "not an ONNX file"),
    }
    for name, (data, said) in damaged.items():
        Path(name).write_bytes(data)
        for args in (["infer", "--model", name, scans], [*INFER, "--model", name, scans]):
            ran = xmod(*args)
            (line,) = ran.err.splitlines()
            assert (ran.code, ran.out) == (1, "")
            assert line.startswith(f"xmod: error: {name}: ")
            assert said in line
    ran = xmod("infer", "--model", "nowhere.onnx", scans)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "nowhere.onnx: no such model file" in ran.err


def test_a_model_file_of_another_plugin_is_refused(xmod, scans: Path, tiny_model: Path):
    ran = xmod(*INFER, "--model", tiny_model, scans)
    assert (ran.code, ran.out) == (2, "")
    assert "made for plugin 'tiny', used with --plugin uvvis" in ran.err
    ran = xmod("infer", "--model", tiny_model, scans)
    assert (ran.code, ran.out) == (1, "")
    assert "tiny.onnx: made for plugin 'tiny': no plugin 'tiny'; installed: " in ran.err
    assert ran.err.count("\n") == 1


def test_a_model_file_alone_says_which_plugin_it_needs(xmod, scans: Path):
    pair = plugins.pair("uvvis")
    shutil.copy(pair.model_file(pair.routes[0], {}), "mine.onnx")
    ran = xmod("infer", "--model", "mine.onnx", scans, "--json", "--pictures", 0)
    assert (ran.code, summary(ran.out)["model"]) == (0, "mine.onnx")


def test_what_exists_is_refused_resumed_or_replaced(xmod, scans: Path):
    args = (*INFER, scans / "sim-2024-000000.png", "-o", "out.zarr", "--json", "--pictures", 0)
    assert xmod(*args).code == 0
    refused = xmod(*args)
    assert (refused.code, refused.out) == (2, "")
    assert "--resume" in refused.err
    assert "--overwrite" in refused.err
    resumed = summary(xmod(*args, "--resume").out)
    assert (resumed["in"], resumed["skipped"]) == (0, 1)
    assert summary(xmod(*args, "--overwrite").out)["in"] == 1
    assert len(ids(Path("out.zarr"))) == 1


def test_another_option_or_model_is_refused_on_resuming(xmod, scans: Path, plate: Path):
    from dataclasses import replace

    from xmodkit.modelfile import read_model_file, write_model_file

    args = (*INFER, plate, "-o", "out.zarr", "--json", "--pictures", 0)
    assert xmod(*args, "--grid", "2x3").code == 0
    other = xmod(*args, "--grid", "3x2", "--resume")
    assert (other.code, other.out) == (2, "")
    assert "was made with options" in other.err
    pair = plugins.pair("uvvis")
    file = read_model_file(pair.model_file(pair.routes[0], {}))
    write_model_file(Path("v2.onnx"), file.data, replace(file.metadata, plugin_version="2"))
    other = xmod(*args, "--grid", "2x3", "--model", "v2.onnx", "--resume")
    assert (other.code, other.out) == (2, "")
    assert "was made with model_hash" in other.err
    assert ids(Path("out.zarr")) == [f"plate-{name}" for name in cells(2, 3)]


def cells(rows: int, columns: int) -> list[str]:
    return [f"{'ABCDEF'[row]}{column + 1}" for row in range(rows) for column in range(columns)]


def test_an_input_is_never_overwritten_by_its_own_output(xmod, inferred):
    shutil.copytree(inferred.store, "kept.zarr")
    ran = xmod(*INFER, "kept.zarr", "-o", "kept.zarr", "--overwrite")
    assert (ran.code, ran.out) == (2, "")
    assert "is an input" in ran.err
    assert len(ids(Path("kept.zarr"))) == 12


def test_a_traceback_is_shown_only_with_debug(shell: Callable, scans: Path):
    assert shell("infer", "--plugin", "nope", scans).code == 1
    ran = shell("infer", "--plugin", "nope", scans, "--debug")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "no plugin 'nope'" in ran.err.splitlines()[-1]
