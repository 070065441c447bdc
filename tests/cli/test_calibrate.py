"""`xmod calibrate` turns measured pairs into a model file that states local bounds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit import plugins
from xmodkit.modelfile import read_model_file
from xmodkit_uvvis.modalities import ENERGY_EV

READ = ("--quantity", "absorption")
KEYS = {"pairs", "units", "coverage", "coverage_interval", "novelty", "quantities", "model", "card"}


@pytest.fixture(scope="session")
def shipped() -> Path:
    pair = plugins.pair("uvvis")
    return pair.model_file(pair.route(), {})


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 25 scans as PNG, and one table of their spectra."""
    folder = tmp_path_factory.mktemp("raw") / "pairs"
    folder.mkdir()
    spectra = {}
    for i, sample in enumerate(plugins.pair("uvvis").simulate(25, 5, {})):
        Image.fromarray(sample.arrays["scan"]["scan"]).save(folder / f"drop-{i}.png")
        spectra[f"drop-{i}"] = sample.arrays["absorption"]["absorption"]
    lines = [",".join(["energy_eV", *spectra])]
    lines += [
        ",".join(f"{v:.6g}" for v in (energy, *(s[k] for s in spectra.values())))
        for k, energy in enumerate(ENERGY_EV)
    ]
    (folder / "absorption.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of 30 simulated samples."""
    from xmodkit.records import sample_columns, sample_rows
    from xmodkit.store import StoreWriter

    pair = plugins.pair("uvvis")
    modalities = [pair.modality("scan"), pair.modality("absorption")]
    path = tmp_path_factory.mktemp("store") / "pairs.zarr"
    samples = list(pair.simulate(30, 6, {}))
    with StoreWriter.create(path, sample_columns(modalities), attributes={}) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


def last_object(out: str) -> dict:
    (line,) = out.splitlines()
    values: dict = json.loads(line)
    return values


def test_measured_pairs_make_a_file_that_verifies_and_says_local(xmod, raw: Path, shipped: Path):
    ran = xmod("calibrate", "-o", "site.onnx", shipped, raw, *READ, "--json")
    assert ran.code == 0, ran.err
    summary = last_object(ran.out)
    assert set(summary) >= KEYS
    assert (summary["source"], summary["pairs"]) == ("local", 25)
    assert xmod("verify", "site.onnx").code == 0
    calibration = read_model_file(Path("site.onnx")).metadata.calibration
    assert (calibration.source, calibration.rows) == ("local", 25)
    assert Path("site.md").read_text().startswith("# site.onnx\n")
    Path("site.onnx").unlink()
    refused = xmod("calibrate", shipped, raw, *READ, "-o", "site.onnx")
    assert (refused.code, "site.md: exists already" in refused.err) == (2, True)


def test_infer_with_the_new_file_says_where_its_bounds_come_from(
    xmod, raw: Path, shipped: Path, scans: Path
):
    xmod("calibrate", shipped, raw, *READ, "-o", "site.onnx")
    ran = xmod("infer", "--model", "site.onnx", scans, "-o", "out.zarr", "--band", "curve")
    assert ran.code == 0, ran.err
    assert "note: bounds are calibrated on 25 pairs measured on site" in ran.err
    from xmodkit.store import StoreReader

    reader = StoreReader(Path("out.zarr"))
    assert reader.attributes["band"] == "curve"
    assert {"local", "none"} >= set(reader.read("bounds_source"))
    wide = reader.read("absorption_upper") - reader.read("absorption_lower")
    xmod("infer", "--model", "site.onnx", scans, "-o", "points.zarr")
    points = StoreReader(Path("points.zarr"))
    assert points.attributes["band"] == "pointwise"
    narrow = points.read("absorption_upper") - points.read("absorption_lower")
    factor = read_model_file(Path("site.onnx")).metadata.calibration.curve["absorption"]
    known = ~np.isnan(narrow)
    np.testing.assert_allclose(wide[known], factor * narrow[known], rtol=1e-3)
    ran = xmod(
        "infer", "--model", "site.onnx", scans, "-o", "points.zarr", "--resume", "--band", "curve"
    )
    assert ran.code == 2
    assert "resume with the same" in ran.err


def test_a_store_serves_as_well_and_people_read_a_table(xmod, store: Path, shipped: Path):
    ran = xmod("calibrate", shipped, store, "-o", "site.onnx", "--coverage", "0.8")
    assert ran.code == 0, ran.err
    heads, *rows = ran.out.splitlines()
    assert "old coverage" in heads
    assert rows[0].startswith("absorption ")
    assert "30 simulated pairs, units by plate: 1" in ran.err
    assert "80% stated" in ran.err
    assert read_model_file(Path("site.onnx")).metadata.calibration.coverage == 0.8


def test_samples_that_share_nothing_are_units_of_their_own(xmod, store: Path, shipped: Path):
    ran = xmod("calibrate", shipped, store, "-o", "site.onnx", "--group", "none", "--json")
    assert last_object(ran.out)["units"] == 30


def test_calibrating_needs_no_torch(shell, raw: Path, shipped: Path, tmp_path: Path):
    block = tmp_path / "block"
    block.mkdir()
    (block / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'lightning', 'onnx', 'scipy', 'sklearn'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    env = {"PYTHONPATH": str(block)}
    assert "No module named 'torch'" in shell(code="import torch", **env).err
    ran = shell("calibrate", shipped, raw, *READ, "-o", "site.onnx", **env)
    assert ran.code == 0, ran.err
    assert shell("verify", "site.onnx", **env).code == 0


def test_too_few_pairs_are_refused_by_number(xmod, raw: Path, shipped: Path, tmp_path: Path):
    few = tmp_path / "few"
    few.mkdir()
    table = (raw / "absorption.csv").read_text()
    (few / "absorption.csv").write_text(table)
    for i in range(19):
        (few / f"drop-{i}.png").write_bytes((raw / f"drop-{i}.png").read_bytes())
    ran = xmod("calibrate", shipped, few, *READ, "-o", "site.onnx")
    assert ran.code == 2
    assert "19 pairs given, at least 20 needed" in ran.err.splitlines()[-1]
    assert not Path("site.onnx").exists()


def test_the_same_content_counts_once(xmod, raw: Path, store: Path, shipped: Path, tmp_path: Path):
    copy = tmp_path / "copy.zarr"
    shutil.copytree(store, copy)
    ran = xmod("calibrate", shipped, store, copy, "-o", "site.onnx", "--json")
    assert last_object(ran.out)["pairs"] == 30
    assert "the same content was given before" in ran.err
    assert "and 25 more left out" in ran.err


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["pairs"], 2, "--out is missing"),
        (["-o", "site.onnx"], 2, "no pairs given"),
        (["pairs", "-o", "site.zip"], 2, "a model file ends in .onnx"),
        (["pairs", "-o", "there.onnx"], 2, "--overwrite replaces it"),
        (["nowhere", "-o", "site.onnx"], 1, "no such file or folder"),
        (["pairs", "-o", "site.onnx", "--coverage", "1"], 2, "--coverage"),
    ],
)
def test_what_cannot_be_meant_is_one_line(xmod, shipped: Path, args, code: int, message: str):
    Path("pairs").mkdir()
    Path("there.onnx").write_bytes(b"")
    ran = xmod("calibrate", shipped, *args)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_predictions_are_no_truth(xmod, inferred, shipped: Path):
    """A store of `infer` that kept its inputs has fields of the same names as measured ones."""
    ran = xmod("calibrate", shipped, inferred.store, "-o", "site.onnx")
    assert ran.code == 1
    assert "holds predictions of `xmod infer`, which are no truth" in ran.err


def test_the_pairs_reading_options_are_those_of_ingest(xmod, raw: Path, shipped: Path):
    assert "--quantity" in xmod("calibrate", shipped, "--help").out
    ran = xmod("calibrate", shipped, raw, "-o", "site.onnx")
    assert ran.code == 2
    assert "give --quantity absorption" in ran.err
    assert "and 20 more left out" in ran.err
    Path("xmod.toml").write_text('[uvvis]\nquantity = "absorption"\n')
    assert xmod("calibrate", shipped, raw, "-o", "site.onnx").code == 0
