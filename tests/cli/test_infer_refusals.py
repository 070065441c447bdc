"""What `xmod infer` refuses, converts and survives: bad inputs, usage and damaged models."""

from __future__ import annotations

import json
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

INFER = ("infer", "--plugin", "uvvis")


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
    values = ran.summary
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
    assert (ran.code, ran.summary["failed"]) == (3, 1)
    assert "raise --max-pixels" in ran.err
    ran = xmod(*INFER, scan, "--max-pixels", 20_000, "-o", "out.zarr", "--json", "--pictures", 0)
    assert ran.code == 0


def test_a_notice_that_holds_for_a_whole_plate_is_given_once(xmod, plate: Path):
    Image.open(plate).convert("CMYK").save("plate.tif")
    ran = xmod(*INFER, "plate.tif", "--grid", "2x3", "-o", "o", "--json", "--pictures", 0)
    assert ran.summary["out"] == 6
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
    assert (ran.code, ran.summary["model"]) == (0, "mine.onnx")


def test_what_exists_is_refused_resumed_or_replaced(xmod, scans: Path):
    args = (*INFER, scans / "sim-2024-000000.png", "-o", "out.zarr", "--json", "--pictures", 0)
    assert xmod(*args).code == 0
    refused = xmod(*args)
    assert (refused.code, refused.out) == (2, "")
    assert "--resume" in refused.err
    assert "--overwrite" in refused.err
    resumed = xmod(*args, "--resume").summary
    assert (resumed["in"], resumed["skipped"]) == (0, 1)
    assert xmod(*args, "--overwrite").summary["in"] == 1
    assert len(StoreReader(Path("out.zarr"))) == 1


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
    held = StoreReader(Path("out.zarr")).read("sample_id")
    assert list(held) == [f"plate-{name}" for name in cells(2, 3)]


def cells(rows: int, columns: int) -> list[str]:
    return [f"{'ABCDEF'[row]}{column + 1}" for row in range(rows) for column in range(columns)]


def test_an_input_is_never_overwritten_by_its_own_output(xmod, inferred):
    shutil.copytree(inferred.store, "kept.zarr")
    ran = xmod(*INFER, "kept.zarr", "-o", "kept.zarr", "--overwrite")
    assert (ran.code, ran.out) == (2, "")
    assert "is an input" in ran.err
    assert len(StoreReader(Path("kept.zarr"))) == 12


def test_a_traceback_is_shown_only_with_debug(shell: Callable, scans: Path):
    assert shell("infer", "--plugin", "nope", scans).code == 1
    ran = shell("infer", "--plugin", "nope", scans, "--debug")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "no plugin 'nope'" in ran.err.splitlines()[-1]
