"""A stranger's plugin, installed as its users would, works with no change in core.

`third_party/xmodkit_decay` is as unlike images as possible: two input fields of ragged extent, a
fitted route beside a model route, an option and files of its own.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xmodkit
from xmodkit import ModalityPair, plugins
from xmodkit.store import StoreReader
from xmodkit.testing import PairContract

DISTRIBUTION = Path(__file__).parent / "third_party" / "xmodkit_decay"
PREDICTED = {"decay:lifetime": ("lifetime",), "decay:rate": ("rate", "amplitude")}
CURVES = 200

Run = subprocess.CompletedProcess[str]
Xmod = Callable[..., Run]


def environment(*folders: Path) -> dict[str, str]:
    """Return an environment in which the distributions in some folders are installed."""
    paths = [*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}


def python(*args: object, env: dict[str, str]) -> Run:
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def last_json(run: Run) -> dict[str, Any]:
    """Return the JSON object that a successful run printed last."""
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the plugin's model file and install the plugin into a folder of its own."""
    for library in ("pip", "hatchling", "onnx"):
        if find_spec(library) is None:
            pytest.skip(f"building the plugin needs {library}, which is not installed")
    folder = tmp_path_factory.mktemp("decay")
    shutil.copytree(DISTRIBUTION, folder / "source")
    install = ["-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    for step in (
        [folder / "source" / "build_model.py"],
        [*install, "--target", folder / "site", folder / "source"],
    ):
        done = python(*step, env=environment())
        assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def xmod(site: Path) -> Xmod:
    """Return the command line of an environment that the plugin is installed in."""
    return lambda *args: python("-m", "xmodkit_cli", *args, env=environment(site))


@pytest.fixture(scope="module")
def simulated(xmod: Xmod, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of simulated curves, made by two processes."""
    path = tmp_path_factory.mktemp("simulated") / "curves.zarr"
    made = xmod("simulate", "--plugin", "decay", "-n", CURVES, "--workers", 2, "-o", path, "--json")
    assert last_json(made)["samples"] == CURVES
    return path


def write_curves(path: Path, lifetimes: dict[str, float], peak: int = 5000) -> None:
    """Write curves without noise, each with a number of points of its own."""
    with path.open("w") as file:
        for name, lifetime in lifetimes.items():
            file.write(f"# decay {name}\n")
            for t in np.linspace(0, 4 * lifetime, 50 + int(10 * lifetime)):
                file.write(f"{t:.4f}, {peak * np.exp(-t / lifetime):.0f}\n")


def test_it_is_listed_beside_uvvis(xmod: Xmod) -> None:
    """`plugins list` names it, its distribution and its routes."""
    listed = {p["name"]: p for p in last_json(xmod("plugins", "list", "--json"))["plugins"]}
    assert listed["uvvis"]["ok"]
    assert listed["decay"]["ok"]
    assert listed["decay"]["distribution"] == "xmodkit-decay"
    assert listed["decay"]["routes"] == list(PREDICTED)


def test_its_option_belongs_to_it_alone(xmod: Xmod) -> None:
    """`infer` shows and takes an option of the pair that `--plugin` names, and no other's."""
    own, other = (xmod("infer", "--plugin", name, "--help") for name in ("decay", "uvvis"))
    assert "--min-counts" in own.stdout
    assert "--grid" not in own.stdout
    assert "--min-counts" not in other.stdout
    refused = xmod("infer", "--plugin", "uvvis", "--min-counts", 5, ".")
    assert refused.returncode == 2
    assert "--min-counts" in refused.stderr


@pytest.mark.parametrize("route", PREDICTED)
def test_predictions_from_a_simulated_store_are_near_the_truth(
    xmod: Xmod, simulated: Path, tmp_path: Path, route: str
) -> None:
    """Values and half-lives are right on the model route and on the fitted one."""
    out = tmp_path / "out.zarr"
    run = xmod("infer", "--plugin", "decay", "--route", route, simulated, "-o", out, "--json")
    summary = last_json(run)
    assert (summary["in"], summary["out"], summary["failed"]) == (CURVES, CURVES, 0)
    assert summary["device"] == "cpu"
    truth, found = StoreReader(simulated), StoreReader(out)
    assert found.closed
    assert found.read("sample_id").tolist() == truth.read("sample_id").tolist()
    for name in PREDICTED[route]:
        np.testing.assert_allclose(found.read(name), truth.read(name), rtol=0.2)
    half_life = np.log(2) * truth.read("lifetime")[:, 0]
    np.testing.assert_allclose(found.read("half_life"), half_life, rtol=0.2)
    assert set(found.read("half_life_status")) == {"value"}


def test_bounds_hold_the_truth_as_often_as_they_promise(
    xmod: Xmod, simulated: Path, tmp_path: Path
) -> None:
    """The model route gives 90 % bounds and flags few simulated curves; the fit gives neither."""
    for route in PREDICTED:
        run = xmod(
            "infer", "--plugin", "decay", "--route", route, simulated, "-o", tmp_path / route
        )
        assert run.returncode == 0, run.stderr
    truth = StoreReader(simulated).read("lifetime")
    model = StoreReader(tmp_path / "decay:lifetime" / "store.zarr")
    novel = model.read("novel")
    assert novel.mean() < 0.05
    lower, upper = model.read("lifetime_lower"), model.read("lifetime_upper")
    assert np.isnan(lower[novel]).all()
    held = (lower <= truth) & (truth <= upper)
    assert 0.82 < held[~novel].mean() < 0.97
    assert set(model.read("bounds_source")[~novel]) == {"simulated"}
    fit = StoreReader(tmp_path / "decay:rate" / "store.zarr").fields
    assert not {"rate_lower", "half_life_lower", "novelty", "latent", "bounds_source"} & set(fit)


def test_a_report_is_written_per_sample_and_no_picture(
    xmod: Xmod, simulated: Path, tmp_path: Path
) -> None:
    """The pair's own files lie in the output folder; a pair that draws nothing has no figures."""
    run = xmod("infer", "--plugin", "decay", simulated, "-o", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    store = StoreReader(tmp_path / "out" / "store.zarr")
    reports = sorted((tmp_path / "out").glob("*.txt"))
    assert [report.stem for report in reports] == store.read("sample_id").tolist()
    assert f"half_life: {store.read('half_life')[0]:.5g} ns" in reports[0].read_text()
    assert not (tmp_path / "out" / "figures").exists()
    assert "picture" not in run.stderr


def test_one_file_holds_several_samples_and_a_bad_one_fails_alone(
    xmod: Xmod, tmp_path: Path
) -> None:
    """What cannot be read is listed with its reason; all else is predicted, in input order."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_curves(folder / "good.decay", {"short": 1.5, "long": 6.0})
    write_curves(folder / "mixed.decay", {"sound": 3.0})
    with (folder / "mixed.decay").open("a") as file:
        file.write("# decay torn\n0.0, 900\n0.5, nine hundred\n1.0, 600\n# decay backwards\n")
        file.write("0.0, 900\n2.0, 700\n1.0, 600\n")
    (folder / "noise.decay").write_bytes(bytes(range(256)))
    write_curves(folder / "dim.decay", {"dim": 2.0}, peak=50)
    (folder / "notes.md").write_text("not an input")

    run = xmod("infer", "--plugin", "decay", folder, "-o", tmp_path / "out", "--json")
    assert run.returncode == 3, run.stderr
    assert "Traceback" not in run.stderr
    summary = json.loads(run.stdout.splitlines()[-1])
    assert (summary["in"], summary["out"], summary["failed"], summary["skipped"]) == (7, 3, 4, 1)
    failed = [json.loads(x) for x in (tmp_path / "out" / "failed.jsonl").read_text().splitlines()]
    reasons = {record["id"]: record["error"] for record in failed}
    assert set(reasons) == {"dim-dim", "torn", "backwards", "noise.decay"}
    assert "--min-counts" in reasons["dim-dim"]
    assert "nine hundred" in reasons["torn"]
    assert "rise" in reasons["backwards"]
    assert "# decay NAME" in reasons["noise.decay"]
    store = StoreReader(tmp_path / "out" / "store.zarr")
    assert store.read("sample_id").tolist() == ["good-short", "good-long", "mixed-sound"]
    np.testing.assert_allclose(store.read("lifetime")[:, 0], [1.5, 6.0, 3.0], rtol=0.02)

    lenient = xmod(
        *("infer", "--plugin", "decay", folder / "dim.decay", "--min-counts", 10, "--json"),
        *("-o", tmp_path / "dim.zarr"),
    )
    assert last_json(lenient)["out"] == 1


def test_a_killed_run_is_resumed_with_every_input_exactly_once(
    xmod: Xmod, site: Path, tmp_path: Path
) -> None:
    """After kill -9 in mid-run, `--resume` does the rest; values equal an undisturbed run's."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i in range(150):
        write_curves(folder / f"{i}.decay", {f"c{k}": 1 + i / 50 + k for k in range(3)})
    # Nobody reads the run's complaints: once they fill the pipe, it stands still after 360 curves.
    torn = folder / "120.decay"
    curves = torn.read_text()
    torn.write_text("# decay empty\n" * 10_000)
    command = ("infer", "--plugin", "decay", folder)
    args = [sys.executable, "-m", "xmodkit_cli", *map(str, command), "-o", str(out)]
    run = subprocess.Popen(args, env=environment(site), stderr=subprocess.PIPE)
    try:
        wait_for_rows(out / "store.zarr")
    finally:
        run.kill()
        run.communicate()
    committed = len(StoreReader(out / "store.zarr"))
    assert 0 < committed <= 360
    torn.write_text(curves)

    other = xmod(*command, "-o", out, "--resume", "--min-counts", 10)
    assert other.returncode == 2
    assert "options" in other.stderr
    rest = last_json(xmod(*command, "-o", out, "--resume", "--json"))
    assert rest["in"] == rest["out"] == 450 - committed
    assert rest["skipped"] == committed // 3
    assert not (out / "failed.jsonl").exists()
    whole = xmod(*command, "-o", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    resumed, undisturbed = (StoreReader(p / "store.zarr") for p in (out, tmp_path / "whole"))
    assert resumed.read("sample_id").tolist() == undisturbed.read("sample_id").tolist()
    for name in ("lifetime", "lifetime_lower", "half_life", "novelty", "latent"):
        np.testing.assert_allclose(resumed.read(name), undisturbed.read(name), rtol=1e-5, atol=1e-5)
    assert len(list(out.glob("*.txt"))) == 450


def wait_for_rows(store: Path) -> None:
    """Wait until a running `infer` has committed rows."""
    for _ in range(1500):
        with suppress(OSError):  # it is not there yet, or just being created
            if len(StoreReader(store)):
                return
        time.sleep(0.02)
    pytest.fail("the run committed nothing in 30 s")


def test_simulation_is_resumed_where_it_stopped(
    xmod: Xmod, simulated: Path, tmp_path: Path
) -> None:
    """Ten curves now and ten later are those of one run."""
    path = tmp_path / "curves.zarr"
    for n, more in ((10, ()), (20, ("--resume",))):
        run = xmod("simulate", "--plugin", "decay", "-n", n, "-o", path, "--json", *more)
        assert last_json(run)["samples"] == n
    found, expected = (StoreReader(store).samples(0, 20) for store in (path, simulated))
    for sample, other in zip(found, expected, strict=True):
        for name, array in other.items():
            np.testing.assert_array_equal(sample[name], array)


def test_inputs_kept_beside_predictions_are_predicted_from_again(
    xmod: Xmod, simulated: Path, tmp_path: Path
) -> None:
    """Ragged inputs kept by one route serve the other, as the simulated store did."""
    kept, again, direct = (tmp_path / f"{name}.zarr" for name in ("kept", "again", "direct"))
    for source, out, *more in (
        (simulated, kept, "--keep-inputs"),
        (kept, again, "--route", "decay:rate"),
        (simulated, direct, "--route", "decay:rate"),
    ):
        run = xmod("infer", "--plugin", "decay", source, "-o", out, *more)
        assert run.returncode == 0, run.stderr
    for name in PREDICTED["decay:rate"]:
        np.testing.assert_array_equal(StoreReader(again).read(name), StoreReader(direct).read(name))


def test_a_finished_store_opens_in_xarray(simulated: Path) -> None:
    """Ragged fields are padded with their fill; their true extents lie beside them."""
    xarray = pytest.importorskip("xarray")
    with xarray.open_zarr(simulated) as data:
        assert data["counts"].attrs["units"] == "count"
        extents = data["counts_shape"].values[:, 0]
        assert data["counts"].shape == (CURVES, extents.max())
        shortest = int(extents.argmin())
        assert not data["counts"].values[shortest, extents[shortest] :].any()
        assert (data["time"].values[shortest, 1 : extents[shortest]] > 0).all()


def test_its_model_file_verifies_and_says_which_plugin_it_needs(
    xmod: Xmod, site: Path, simulated: Path, tmp_path: Path
) -> None:
    """`--model` alone says all; the table's columns are named by the pair."""
    model = site / "xmodkit_decay" / "lifetime.onnx"
    assert xmod("verify", model).returncode == 0
    table = tmp_path / "table.csv"
    run = xmod("infer", "--model", model, simulated, "-o", tmp_path / "out", "--csv", table)
    assert run.returncode == 0, run.stderr
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == CURVES
    assert {"half_life", "lifetime_early_ns", "lifetime_upper_late_ns"} <= set(rows[0])

    absent = python("-m", "xmodkit_cli", "infer", "--model", model, simulated, env=environment())
    assert absent.returncode == 1
    assert "'decay'" in absent.stderr
    for fit_or_stranger in (("--route", "decay:rate"), ("--plugin", "uvvis")):
        refused = xmod("infer", "--model", model, simulated, *fit_or_stranger)
        assert refused.returncode == 2
        assert "leave" in refused.stderr


def test_a_fit_runs_on_no_device_that_it_cannot_use(xmod: Xmod, simulated: Path) -> None:
    """The device is strict on a route without a model, too."""
    refused = xmod(
        "infer", "--plugin", "decay", "--route", "decay:rate", "--device", "cuda", simulated
    )
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1


class TestDecay(PairContract):
    """The public contract, and embedding, for the installed plugin."""

    @pytest.fixture
    def pair(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> ModalityPair:
        monkeypatch.syspath_prepend(site)
        return plugins.pair("decay")

    @pytest.mark.parametrize("route", PREDICTED)
    def test_curves_of_any_length_are_predicted_in_process(
        self, pair: ModalityPair, route: str
    ) -> None:
        """`xmodkit.load` takes one curve or a list of curves, and derives half-lives."""
        samples = list(pair.simulate(5, 1, {}))
        curves = [sample.arrays["decay"] for sample in samples]
        predict = xmodkit.load("decay", route=route, device="cpu")
        found = predict(curves)
        truth = [np.log(2) / sample.arrays["rate"]["rate"] for sample in samples]
        np.testing.assert_allclose(found.derived["half_life"].value, truth, rtol=0.2)
        one = predict(curves[3])
        np.testing.assert_allclose(one.value, found.value[3], rtol=1e-4)

    def test_examples_are_read_again(self, pair: ModalityPair, tmp_path: Path) -> None:
        """`xmod example` writes files that `xmod infer` reads."""
        paths = pair.examples(tmp_path)
        read = [item for path in paths for item in pair.read(path, pair.routes[0], {})]
        simulated = list(pair.simulate(6, 0, {}))
        for sample, expected in zip(read, simulated, strict=True):
            assert isinstance(sample, xmodkit.Sample)
            for name, array in expected.arrays["decay"].items():
                np.testing.assert_array_equal(sample.arrays["decay"][name], array)


def test_without_the_plugin_its_model_file_still_predicts(site: Path) -> None:
    """A model file needs no plugin code; only what the plugin derives is missing."""
    predict = xmodkit.load(site / "xmodkit_decay" / "lifetime.onnx", device="cpu")
    time_ns = np.linspace(0, 8, 60, dtype=np.float32)
    counts = np.round(4000 * np.exp(-time_ns / 2)).astype(np.int32)
    found = predict({"time": time_ns, "counts": counts})
    np.testing.assert_allclose(found.value, 2, rtol=0.02)
    assert found.derived == {}
