"""What people do with the pair: predict frames and micrographs, and read one line on errors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import xmodkit
from xmodkit.errors import InputError, PluginError, UsageError
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction
from xmodkit.records import sample_columns, sample_rows
from xmodkit.store import StoreReader, StoreWriter
from xmodkit_cli.main import cli
from xmodkit_saxs_sem.examples import write_examples
from xmodkit_saxs_sem.modalities import R_NM, SAXS, SEM
from xmodkit_saxs_sem.pair import SaxsSem

PAIR = SaxsSem()
MORPHOLOGY, SCATTERING = PAIR.route("saxs:sem"), PAIR.route("sem:saxs")


def xmod(*arguments: object) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(cli, [*map(str, arguments), "--json"], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, json.loads(result.stdout.splitlines()[-1])


def write_text(path: Path, frame: dict[str, np.ndarray]) -> None:
    """Write a frame as people get it from reduction software."""
    known = frame["mask"] != 0
    columns = np.stack([frame[name][known] for name in ("qx", "qy", "intensity")], axis=1)
    np.savetxt(path, columns * [0.1, 0.1, 1], header="Qx (1/A) Qy (1/A) I")


@pytest.fixture(scope="module")
def store(film: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of three films, the third without q."""
    path = tmp_path_factory.mktemp("store") / "films.zarr"
    lost = {**film.arrays["saxs"], "qx": film.arrays["saxs"]["qx"] * 0,
            "qy": film.arrays["saxs"]["qy"] * 0}  # fmt: skip
    films = [replace(film, id=f"film{i}") for i in range(2)]
    films.append(replace(film, id="film2", arrays={**film.arrays, "saxs": lost}))
    with StoreWriter.create(path, sample_columns((SAXS, SEM))) as writer:
        writer.append(sample_rows(films, (SAXS, SEM)))
    return path


def test_a_store_of_frames_gives_ensembles_statistics_files_and_a_sheet(
    store: Path, morphology_model: Path, tmp_path: Path
):
    out = tmp_path / "out"
    code, summary = xmod("infer", store, "--model", morphology_model, "-n", 5, "-o", out)
    assert (code, summary["out"], summary["novel"]) == (0, 3, 1)
    known, _, novel = StoreReader(out / "store.zarr").samples()
    assert known["ensemble"].shape == (5, 96, 96)
    assert known["two_point"].shape == R_NM.shape
    assert known["domain_spacing"] == pytest.approx(36, abs=4)
    assert known["orientation"] == pytest.approx(30, abs=8)
    assert known["domain_spacing_lower"] < known["domain_spacing"] < known["domain_spacing_upper"]
    assert np.isnan(novel["two_point_lower"]).all()
    assert np.isnan(novel["domain_spacing_upper"])
    assert (out / "images" / "film0.members.png").is_file()
    assert (out / "figures" / "sheet-1.png").is_file()


def test_the_same_seed_draws_the_same_members_and_another_does_not(
    film: Sample, predict: Callable[..., Prediction]
):
    one, again, other = (
        predict(film, "saxs", n=4, seed=seed).fields["ensemble"].value for seed in (3, 3, 9)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    still = predict(film, "saxs", n=4, spread=0).fields["ensemble"].value
    assert (still == still[:1]).all()


def test_a_micrograph_gives_a_frame_that_the_pair_reads_again(
    store: Path, scattering_model: Path, tmp_path: Path
):
    out = tmp_path / "out"
    code, summary = xmod("infer", store, "--model", scattering_model, "-o", out)
    assert (code, summary["out"]) == (0, 3)
    row = next(iter(StoreReader(out / "store.zarr").samples()))
    assert row["peak_q"] == pytest.approx(2 * np.pi / 36, rel=0.03)
    assert row["domain_spacing"] == pytest.approx(36, rel=0.03)
    (found,) = PAIR.read(out / "frames" / "film0.saxs.dat", MORPHOLOGY, {})
    for name in ("qx", "qy", "intensity"):
        read = found.arrays["saxs"][name]
        np.testing.assert_allclose(read, row[name], rtol=1e-5, atol=1e-6)


def test_files_of_frames_and_micrographs_are_predicted_and_a_bad_one_stops_nothing(
    film: Sample, morphology_model: Path, scattering_model: Path, tmp_path: Path
):
    frames, images = tmp_path / "frames", tmp_path / "images"
    frames.mkdir()
    images.mkdir()
    write_text(frames / "a.dat", film.arrays["saxs"])
    (frames / "b.dat").write_text("Qx Qy I\nnothing\n")
    Image.fromarray(film.arrays["sem"]["micrograph"]).save(images / "m.png")
    code, summary = xmod(
        "infer", frames, "--model", morphology_model, "-n", 3, "-o", tmp_path / "o1"
    )
    assert (code, summary["out"], summary["failed"]) == (3, 1, 1)
    code, summary = xmod(
        "infer", images, "--model", scattering_model, "--sem-pixel-nm", 2, "--info-bar", "none",
        "-o", tmp_path / "o2",
    )  # fmt: skip
    assert (code, summary["out"]) == (0, 1)


def test_three_lines_predict_from_arrays(film: Sample, morphology_model: Path):
    predict = xmodkit.load(morphology_model, device="cpu")
    found = predict({**film.arrays["saxs"], "phi": np.array(0, np.float32)})
    assert found.fields["ensemble"].value.shape == (40, 96, 96)
    assert found.derived["domain_spacing"].value == pytest.approx(36, abs=4)


def test_the_share_of_the_bright_phase_comes_from_the_option_or_the_sample(film: Sample):
    def phi(sample: Sample, **options: object) -> float:
        (row,) = PAIR.encode(sample, MORPHOLOGY, options)
        return float(row["phi"])

    known = replace(film, metadata={"phi": 0.4})
    assert phi(film) == 0
    assert phi(known) == pytest.approx(0.4)
    assert phi(known, phi=0.6) == pytest.approx(0.6)
    with pytest.raises(UsageError, match="--phi 40"):
        phi(film, phi=40.0)
    with pytest.raises(InputError, match=r"phi 1\.5"):
        phi(replace(film, metadata={"phi": 1.5}))
    (row,) = PAIR.encode(known, PAIR.route("saxs:saxs"), {})
    assert "phi" not in row


def test_frames_and_micrographs_that_no_model_can_judge_are_refused(film: Sample):
    frame, sem = film.arrays["saxs"], film.arrays["sem"]

    def refused(route: str, arrays: dict[str, np.ndarray], words: str) -> None:
        source = route.partition(":")[0]
        with pytest.raises(InputError, match=words):
            PAIR.encode(replace(film, arrays={source: arrays}), PAIR.route(route), {})

    refused("saxs:sem", {**frame, "mask": frame["mask"] * 0}, "masked")
    far = {**frame, "qx": frame["qx"] + 30, "qy": frame["qy"] + 30}
    refused("saxs:sem", far, "q covers")
    refused("saxs:saxs", far, "q covers")
    refused("sem:saxs", {**sem, "micrograph": sem["micrograph"][:100]}, "384 x 384 nm expected")
    refused("sem:sem", {**sem, "pixel_nm": np.array(0, np.float32)}, "--sem-pixel-nm")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"n": 0}, "--n 0"), ({"seed": -1}, "--seed -1"), ({"spread": -0.5}, "--spread -0.5")],
)
def test_ensembles_that_mean_nothing_are_refused(wrong: dict[str, float], words: str):
    with pytest.raises(UsageError, match=words):
        PAIR.inputs(MORPHOLOGY, wrong)


def test_an_ensemble_has_forty_members_of_seeds_in_a_row():
    inputs = PAIR.inputs(MORPHOLOGY, {})
    assert inputs["seed"].tolist() == list(range(40))
    assert inputs["spread"].dtype == np.float32
    assert PAIR.inputs(MORPHOLOGY, {"n": 3, "seed": 7})["seed"].tolist() == [7, 8, 9]
    assert PAIR.inputs(SCATTERING, {"n": 3}) == {}


def test_derived_values_of_an_ensemble_are_means_and_medians_over_its_members():
    x = 4.0 * np.arange(96)
    lines = [np.cos(2 * np.pi * x / period) > 0 for period in (32, 32, 48)]
    images = np.stack([np.tile(line, (96, 1)) for line in lines])
    images = (255 * images).astype(np.uint8)
    found = PAIR.derive({"ensemble": images[None]}, MORPHOLOGY)
    alone = PAIR.derive({"micrograph": images}, MORPHOLOGY)
    assert set(found) == {field.name for field in PAIR.derived(MORPHOLOGY)}
    for name in ("area_fraction", "orientation_order"):
        assert found[name].value[0] == pytest.approx(alone[name].value.mean(), rel=1e-5)
    assert alone["domain_spacing"].value == pytest.approx([32, 32, 48], rel=0.05)
    assert found["domain_spacing"].value == alone["domain_spacing"].value[0]
    assert alone["orientation"].value == pytest.approx([0, 0, 0], abs=2)


def test_an_image_of_one_phase_has_an_area_fraction_and_nothing_else():
    found = PAIR.derive({"micrograph": np.full((1, 96, 96), 255, np.uint8)}, MORPHOLOGY)
    assert found["area_fraction"].value[0] == 1
    assert {name for name, s in found.items() if s.status[0] == "none"} == {
        "domain_spacing", "orientation", "orientation_order", "defect_density",
    }  # fmt: skip


def test_what_a_baseline_lacks_is_left_out():
    curves = np.linspace(0.5, 0.25, 48)[None]
    (name,) = PAIR.derive({"two_point": curves}, MORPHOLOGY)
    assert name == "area_fraction"
    assert PAIR.derive({}, MORPHOLOGY) == PAIR.derive({}, SCATTERING) == {}


def test_pixels_that_were_not_measured_do_not_move_the_peak(
    film: Sample, predict: Callable[..., Prediction]
):
    fields = {name: v.value[None].copy() for name, v in predict(film, "sem").fields.items()}
    whole = PAIR.derive(fields, SCATTERING)["peak_q"].value
    fields["intensity"][0, :20] = 1e6
    fields["mask"][0, :20] = 0
    assert PAIR.derive(fields, SCATTERING)["peak_q"].value == pytest.approx(whole, rel=0.01)
    logs = np.where(fields["mask"] != 0, fields["log_intensity"], np.nan)
    found = PAIR.derive({"log_intensity": logs}, SCATTERING)["peak_q"].value
    assert found == pytest.approx(whole, rel=0.01)


def test_a_route_without_a_shipped_file_says_so_on_one_line(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("xmodkit_saxs_sem.pair._WEIGHTS", tmp_path)
    with pytest.raises(PluginError, match="no model for sem:sem"):
        PAIR.model_file(PAIR.route("sem:sem"), {})


def test_importing_the_pair_imports_neither_torch_nor_scipy_nor_fabio():
    code = (
        "import sys, xmodkit_saxs_sem.plugin as p; p.xmodkit_pair(); "
        "print([m for m in ('torch', 'scipy', 'fabio', 'h5py', 'pyFAI') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def _in_the_base_install(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `xmod` where no extra is installed."""
    blocked = ("torch", "scipy", "fabio", "h5py", "pyFAI", "onnx", "matplotlib", "sklearn")
    code = (
        "import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        "from xmodkit_cli.main import cli\n"
        "sys.exit(cli(standalone_mode=False))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


def test_predicting_arrays_works_in_the_base_install(
    store: Path, morphology_model: Path, tmp_path: Path
):
    ran = _in_the_base_install(
        "infer", store, "--model", morphology_model, "-n", 2, "-o", tmp_path / "out"
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "out" / "figures" / "sheet-1.png").is_file()


def test_the_base_install_reads_tiff_and_text_and_names_the_extra_of_what_it_cannot(
    morphology_model: Path, tmp_path: Path
):
    write_examples(tmp_path / "frames")
    ran = _in_the_base_install(
        "infer", tmp_path / "frames", "--model", morphology_model, "-n", 2, "-o", tmp_path / "out"
    )
    assert ran.returncode == 3, ran.stderr
    lost = next(line for line in ran.stderr.splitlines() if "alternating.edf" in line)
    assert "needs fabio, which is not installed: pip install 'xmodkit[saxs-sem]'" in lost
    rows = list(StoreReader(tmp_path / "out" / "store.zarr").samples())
    assert len(rows) == 2
    assert all(20 < row["domain_spacing"] < 60 for row in rows)
