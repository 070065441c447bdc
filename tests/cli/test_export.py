"""`xmod export --route` writes any route a run offers; `verify` and `infer` take the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from xmodkit.modelfile import read_model_file
from xmodkit.store import StoreReader
from xmodkit.train import Run


def test_the_route_asked_for_is_exported_with_its_card(
    trained: Callable[[str], Run], xmod: Callable, tmp_path: Path
):
    run = trained("cvae")
    done = xmod("export", run.folder, "-o", "a.onnx", "--route", "absorption:scan", "--json")
    assert done.code == 0
    assert '"route": "absorption:scan"' in done.out
    assert read_model_file(tmp_path / "a.onnx").metadata.route.name == "absorption:scan"
    assert (tmp_path / "a.md").is_file()


def test_a_latent_is_stored_and_written_once(
    exported: Callable[[str, str], Path], xmod: Callable, scans: Path, tmp_path: Path
):
    model = exported("vae", "scan:latent")
    done = xmod("infer", "--model", model, scans, "-o", "out", "--csv", "t.csv")
    assert done.code == 0
    reader = StoreReader(tmp_path / "out" / "store.zarr")
    assert list(reader.fields).count("latent") == 1
    assert np.asarray(reader.read("latent", 0, 1)).shape == (1, 100)
    head = (tmp_path / "t.csv").read_text().splitlines()[0].split(",")
    assert sum(name.startswith("latent_") for name in head) == 100
    assert list((tmp_path / "out" / "figures").glob("sheet-*.png"))


def test_a_route_that_the_run_lacks_is_a_usage_error(
    trained: Callable[[str], Run], xmod: Callable, tmp_path: Path
):
    done = xmod("export", trained("vae").folder, "-o", "a.onnx", "--route", "scan:absorption")
    assert done.code == 2
    assert "offers scan:scan, scan:latent" in done.err
    assert not (tmp_path / "a.onnx").exists()


def test_infer_stores_reconstructions_beside_the_scans_and_draws_both(
    exported: Callable[[str, str], Path], xmod: Callable, scans: Path, tmp_path: Path
):
    done = xmod("infer", "--model", exported("vae", "scan:scan"), scans, "-o", "o", "--keep-inputs")
    assert done.code == 0
    assert "note: this model was trained on simulated samples; check it" in done.err
    reader = StoreReader(tmp_path / "o" / "store.zarr")
    assert {"scan", "input_scan"} <= set(reader.fields)
    assert not any(name.startswith("predicted") for name in reader.fields)
    assert set(reader.read("bounds_source")) == {"none"}
    assert np.asarray(reader.read("scan", 0, 1)[0]).shape == (64, 64, 3)
    (sheet,) = (tmp_path / "o" / "figures").glob("sheet-*.png")
    with Image.open(sheet) as picture:
        assert picture.width > 800
