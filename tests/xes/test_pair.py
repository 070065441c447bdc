"""What people do with the xes pair: predict files of structures, one element, one line on error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import xmodkit
from xmodkit.errors import PluginError, UsageError
from xmodkit.predictor import ModelPredictor
from xmodkit.store import StoreReader
from xmodkit_cli.main import cli
from xmodkit_xes.pair import Xes
from xmodkit_xes.reading.clusters import clusters

pytest.importorskip("ase")

EXAMPLES = Path(__file__).parents[2] / "examples" / "structures"
H2S = "3\nhydrogen sulfide\nS 0 0 0\nH 0 0 1.34\nH 1.34 0 0.05\n"


def infer(*arguments: object) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(
        cli, ["infer", *map(str, arguments), "--json"], standalone_mode=False
    )
    if result.exception is not None:
        raise result.exception
    return result.return_value, json.loads(result.stdout.splitlines()[-1])


def test_a_folder_of_examples_gives_spectra_columns_and_pictures(
    sulfur_model: Path, tmp_path: Path
):
    code, summary = infer(EXAMPLES, "--model", sulfur_model, "-o", tmp_path / "out")
    assert code == 3  # what holds no sulfur
    assert summary["in"] == 17
    assert summary["failed"] == 4
    reader = StoreReader(tmp_path / "out" / "store.zarr")
    rows = {str(row["sample_id"]): row for row in reader.samples()}
    assert len(rows) == summary["out"] == 13
    assert rows["cus"]["xes_sites"].shape == (6, 41)
    assert rows["cus"]["site_atoms"].tolist() == [6, 7, 8, 9, 10, 11]
    np.testing.assert_allclose(rows["cus"]["xes"], rows["cus"]["xes_sites"].mean(axis=0), rtol=1e-5)
    assert np.isfinite(rows["thiophene"]["valence_mean"])
    assert len(list((tmp_path / "out" / "spectra").iterdir())) == 13
    assert (tmp_path / "out" / "figures" / "sheet-1.png").is_file()
    failed = (tmp_path / "out" / "failed.jsonl").read_text().splitlines()
    assert all("no S to absorb" in json.loads(line)["error"] for line in failed)


def test_bounds_of_an_average_are_those_calibrated_for_averages(sulfur_model: Path, tmp_path: Path):
    path = tmp_path / "two.xyz"
    path.write_text("4\nH2S2\nS 0 0 0\nS 2.05 0 0\nH 0 0 1.34\nH 2.05 1.34 0\n")
    infer(path, "--model", sulfur_model, "-o", tmp_path / "out")
    (row,) = StoreReader(tmp_path / "out" / "store.zarr").samples()
    sites = (row["xes_sites_upper"] - row["xes_sites_lower"]).mean(axis=0)
    np.testing.assert_allclose(
        row["xes_upper"] - row["xes_lower"], 0.5 * sites, rtol=1e-4, atol=1e-7
    )


def test_a_file_of_200_molecules_is_200_samples(sulfur_model: Path, tmp_path: Path):
    path = tmp_path / "many.xyz"
    path.write_text(H2S * 200)
    code, summary = infer(path, "--model", sulfur_model, "-o", tmp_path / "o", "--pictures", 0)
    assert (code, summary["out"]) == (0, 200)


def test_the_model_decides_which_element_absorbs(sulfur_model: Path, tmp_path: Path):
    predictor = ModelPredictor(sulfur_model, "cpu")
    route = predictor.route
    for absorber, sites in ((None, [6, 7, 8, 9, 10, 11]), ("7", [7]), ("S:8,6", [8, 6])):
        options = {"absorber": absorber}
        pair = Xes().configured(options, predictor)
        (sample,) = pair.read(EXAMPLES / "cus.cif", route, options)
        assert sample.arrays["structure"]["sites"].tolist() == sites
    (failure,) = pair.read(EXAMPLES / "cus.cif", route, {"absorber": "0"})
    assert "atom 0 is Cu, S expected" in failure.error
    with pytest.raises(UsageError, match="the model is of S"):
        Xes().configured({"absorber": "Cu"}, predictor)


def test_windows_that_are_asked_for_have_moments(sulfur_model: Path):
    predictor = ModelPredictor(sulfur_model, "cpu")
    pair = Xes().configured({"window": ("2460,2470", "2458:2472")}, predictor)
    names = [field.name for field in pair.derived(predictor.route)]
    assert names[1] == "window_2460_2470_mean"
    energy = np.linspace(2455, 2475, 81)
    curve = np.exp(-(((energy - 2464.5) / 2) ** 2))[None]
    found = pair.derive({"xes": curve, "xes_energy": energy}, predictor.route)
    assert list(found) == names
    assert found["window_2458_2472_mean"].value[0] == pytest.approx(2464.5, abs=0.02)
    with pytest.raises(UsageError, match="LOW,HIGH"):
        Xes({"window": ("2470",)})


def test_without_a_shipped_file_one_line_says_so():
    pair = Xes()
    with pytest.raises(PluginError, match="no model for structure:xps"):
        pair.predictor(pair.route("structure:xps"), None, "cpu", {"absorber": "Pb"})


def test_four_lines_predict_from_arrays(sulfur_model: Path):
    predict = xmodkit.load(sulfur_model, device="cpu")
    (sample,) = Xes().read(EXAMPLES / "thiophene.xyz", Xes().route(), {"absorber": "S"})
    (cluster,) = clusters(sample.arrays["structure"])
    p = predict(cluster)
    assert p.value.shape == p.lower.shape == (41,)
    assert np.isfinite(p.novelty)


def test_structures_and_spectra_are_looked_for_on_their_own_routes():
    pair = Xes()
    structures, spectra = (
        pair.suffixes_of(pair.route(name)) for name in ("structure:xes", "xes:structure")
    )
    assert {".xyz", ".cif", "poscar"} <= set(structures)
    assert ".csv" in spectra
    assert not set(structures) & set(spectra)


def test_columns_of_a_table_are_named_by_energy(sulfur_model: Path):
    (field,) = ModelPredictor(sulfur_model, "cpu").outputs
    assert Xes().column_names(field)[:2] == ["xes_2455.000eV", "xes_2455.500eV"]


def test_examples_are_written(tmp_path: Path):
    paths = Xes().examples(tmp_path)
    assert len(paths) == 14
    assert all(path.is_file() for path in paths)


def test_files_named_as_a_whole_are_found_in_folders(tmp_path: Path, sulfur_model: Path):
    (tmp_path / "run1").mkdir()
    text = "c\n1.0\n4 0 0\n0 4 0\n0 0 4\nCu S\n1 1\ndirect\n0 0 0\n.5 .5 .5\n"
    (tmp_path / "run1" / "POSCAR").write_text(text)
    code, summary = infer(tmp_path / "run1", "--model", sulfur_model, "-o", tmp_path / "out")
    assert (code, summary["out"]) == (0, 1)


def test_crystals_of_many_sites_are_not_padded_against_each_other(
    sulfur_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from ase.build import bulk
    from ase.io import write

    large = bulk("ZnS", "zincblende", 5.41, cubic=True) * (3, 3, 3)
    write(tmp_path / "a.extxyz", [large] * 3)
    (tmp_path / "b.xyz").write_text(H2S * 40)
    windows = []
    combine = Xes.combine
    monkeypatch.setattr("xmodkit.pipeline.WINDOW_ROWS", 250)
    monkeypatch.setattr(
        Xes, "combine", lambda self, *given: windows.append(given[2]) or combine(self, *given)
    )
    paths = (tmp_path / "a.extxyz", tmp_path / "b.xyz")
    _, summary = infer(*paths, "--model", sulfur_model, "-o", tmp_path / "o", "--pictures", 0)
    assert summary["out"] == 43
    padded = [len(set(owners)) * max(owners.count(o) for o in owners) for owners in windows]
    assert max(padded) <= 250


def test_importing_the_pair_imports_neither_ase_nor_scipy_nor_torch():
    import subprocess
    import sys

    code = (
        "import sys, xmodkit_xes.plugin as p; p.xmodkit_pair(); "
        "print([m for m in ('ase', 'scipy', 'torch', 'pyscf', 'rdkit') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_predicting_works_where_torch_rdkit_and_pyscf_are_not_installed(
    sulfur_model: Path, tmp_path: Path
):
    import subprocess
    import sys

    blocked = ("torch", "rdkit", "pyscf", "sklearn", "onnx", "onnxscript", "matplotlib")
    code = (
        "import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        "from xmodkit_cli.main import cli\n"
        "sys.exit(cli(standalone_mode=False))\n"
    )
    arguments = ["infer", EXAMPLES, "--model", sulfur_model, "-o", tmp_path / "out", "--csv",
                 tmp_path / "out.csv"]  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert ran.returncode == 3, ran.stderr
    assert "13 predicted" in ran.stderr
    assert (tmp_path / "out" / "figures" / "sheet-1.png").is_file()
