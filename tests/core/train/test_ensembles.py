"""A model may predict fields beside its target, over an ensemble of as many seeds as asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import xmodkit  # noqa: E402
from xmodkit import plugins  # noqa: E402
from xmodkit.errors import DataError  # noqa: E402
from xmodkit.modelfile import ModelMetadata, read_model_file  # noqa: E402
from xmodkit.predictor import ModelPredictor  # noqa: E402
from xmodkit.store import StoreReader  # noqa: E402
from xmodkit.train import Run, TrainJob, train, write_model  # noqa: E402
from xmodkit.train.assess import open_bounds  # noqa: E402
from xmodkit.train.evaluate import EvaluationJob, evaluate  # noqa: E402
from xmodkit.verify import verify  # noqa: E402

BATCH = {"levels": np.array([[0.3, 0.6], [0.5, 0.5], [0.7, 0.4]], np.float32)}


@pytest.fixture(scope="module")
def store(ensemble: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = list(ensemble.Ensemble().simulate(600, 0, {}))
    return ensemble.write_store(tmp_path_factory.mktemp("ensemble") / "samples.zarr", samples)


@pytest.fixture(scope="module")
def run(ensemble: ModuleType, store: Path) -> Run:
    job = TrainJob(ensemble.Ensemble(), "drawn", store, store.parent / "run")
    return train(job)


@pytest.fixture(scope="module")
def files(run: Run, store: Path) -> dict[str, Path]:
    found = {}
    for name in run.routes:
        route = run.pair.route(name)
        found[name] = store.parent / f"{route.source}.onnx"
        write_model(run, run.pair, plugins.exporter("onnx"), found[name], route)
    return found


@pytest.fixture(scope="module")
def predictor(files: dict[str, Path]) -> ModelPredictor:
    return ModelPredictor(files["levels:picture"], "cpu")


@pytest.fixture
def xmod(
    ensemble: ModuleType,
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs `xmod` with the pair, and returns code, stdout and stderr."""
    from xmodkit_cli.main import main

    ensemble.Ensemble.model = files["levels:picture"]
    monkeypatch.setattr(plugins, "pair", lambda name: ensemble.Ensemble())
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xmod", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


def test_files_of_both_routes_verify(files: dict[str, Path]):
    for path in files.values():
        checks = list(verify(path))
        assert [check for check in checks if not check.ok] == []
    names = [check.name for check in verify(files["levels:picture"])]
    assert "cpu: any extent of further inputs" in names


def test_a_file_allows_what_its_model_says_of_the_route(files: dict[str, Path]):
    allowed = {name: read_model_file(path).metadata.tolerances for name, path in files.items()}
    assert allowed["levels:picture"] == {"cpu": 2e-4, "cuda": 3e-2}
    assert allowed["picture:picture"] == {"cpu": 1e-5, "cuda": 1e-3}


def test_a_graph_predicts_what_its_model_adds_to_the_target(predictor: ModelPredictor):
    found = predictor.run(BATCH)
    assert list(found.fields) == ["picture", "members", "means"]
    assert found.fields["members"].value.shape == (3, 40, 6, 6)
    assert found.fields["means"].axes[0].coordinates == (1.0, 3.0)
    assert [field.name for field in predictor.bounded] == ["means"]
    assert found.fields["picture"].lower is None


def test_all_that_a_reconstruction_predicts_is_called_predicted(files: dict[str, Path]):
    predictor = ModelPredictor(files["picture:picture"], "cpu")
    names = [output.name for output in predictor.session.get_outputs()]
    assert names[:2] == ["predicted_picture", "predicted_texture"]
    assert predictor.run({"picture": np.full((2, 9, 7), 51, np.uint8)}).fields[
        "texture"
    ].value == pytest.approx(0.2)


def test_the_default_is_long_and_the_test_vectors_are_short(predictor: ModelPredictor):
    metadata = predictor.metadata
    assert len(metadata.defaults["seed"]) == 40
    seeds = [tuple(vector.inputs["seed"]) for vector in metadata.vectors]
    assert {len(given) for given in seeds} == {3}
    assert len(set(seeds)) >= 2
    assert metadata.vectors[0].outputs["members"].shape == (1, 3, 6, 6)
    assert metadata.further[0].axes[0].size is None
    assert metadata.further[1].axes == ()


@pytest.mark.parametrize("members", [1, 2, 7, 100])
def test_any_number_of_seeds_is_taken(predictor: ModelPredictor, members: int):
    found = predictor.run(BATCH, seed=np.arange(members))
    assert found.fields["members"].value.shape == (3, members, 6, 6)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"seed": np.arange(3, dtype=np.int32)}, "seed: int32 given, int64 expected"),
        ({"seed": np.zeros((2, 2), np.int64)}, r"seed: shape \(2, 2\) given, \(member\) expected"),
        ({"seed": np.zeros(0, np.int64)}, r"seed: shape \(0,\) given"),
        ({"spread": np.ones(1, np.float32)}, r"spread: shape \(1,\) given, \(\) expected"),
    ],
)
def test_another_dtype_or_rank_is_refused(predictor: ModelPredictor, given: dict, what: str):
    with pytest.raises(DataError, match=what):
        predictor.run(BATCH, **given)


def test_a_file_from_before_takes_its_first_test_vector_for_the_default(predictor: ModelPredictor):
    properties = predictor.metadata.to_properties()
    del properties["xmodkit.further"]
    old = ModelMetadata.from_properties(properties)
    assert old.defaults["seed"].tolist() == predictor.metadata.vectors[0].inputs["seed"].tolist()
    assert [axis.size for axis in old.further[0].axes] == [3]


def test_bounds_of_an_ensemble_cover_as_stated(run: Run, files: dict[str, Path]):
    scores = run.metrics["means"]
    assert scores["coverage"] == pytest.approx(0.9, abs=0.06)
    assert run.metrics["level"]["coverage"] == pytest.approx(0.9, abs=0.08)
    assert "bounds over an ensemble: split-conformal" in (
        files["levels:picture"].with_suffix(".md").read_text()
    )
    notice = open_bounds(run.pair, run.model, 10)
    assert notice is not None
    assert "levels:picture will be" in notice


def test_what_was_not_measured_is_not_counted(run: Run):
    assert "picture" not in run.metrics  # its truth is left out
    rows, tested = run.settings["split"]["test"], run.metrics["means"]["samples"]
    assert 0.75 < tested / rows < 0.97
    assert run.metrics["level"]["both_have_one"] < tested  # one of two levels is no mean
    assert run.routes["picture:picture"].metrics["picture"]["samples"] == rows


def test_the_last_epoch_is_kept_and_each_is_announced(run: Run):
    assert run.model.begun == [("fit", 1), ("fit", 2), ("fit", 3)]
    assert run.settings["stages"][0]["keep"] == "last"


def test_a_run_loaded_again_predicts_the_same(run: Run, ensemble: ModuleType):
    again = Run.load(run.folder, ensemble.Ensemble())
    given = torch.from_numpy(BATCH["levels"]), torch.arange(4), torch.tensor(1.0)
    with torch.no_grad():
        for one, other in zip(run.graph()(*given), again.graph()(*given), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_options_of_the_pair_reach_the_graph_when_embedded(
    files: dict[str, Path], ensemble: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plugins, "pair", lambda name: ensemble.Ensemble())
    path = files["levels:picture"]
    predict = xmodkit.load(path, n=5, seed=3)
    many = np.tile(BATCH["levels"], (4, 1))  # 12 rows, four at once
    found = predict({"levels": many})
    assert found.fields["members"].value.shape == (12, 5, 6, 6)
    plain = xmodkit.load(path)
    same = plain({"levels": many}, seed=np.arange(3, 8))
    np.testing.assert_array_equal(found.fields["means"].value, same.fields["means"].value)
    assert found.derived["length"].value.shape == (12,)
    assert plain({"levels": many[0]}).fields["members"].value.shape == (40, 6, 6)


def test_infer_takes_short_options_and_keeps_inputs_of_another_extent(
    xmod: Callable[..., tuple[int, str, str]], store: Path, files: dict[str, Path], tmp_path: Path
):
    xarray = pytest.importorskip("xarray")
    assert xmod("infer", "--plugin", "ensemble", store, "-n", 5, "--seed", 3, "-o", "a")[0] == 0
    assert xmod(
        "infer", "--model", files["picture:picture"], store, "--keep-inputs", "-o", "b.zarr"
    )[0] == 0  # fmt: skip
    assert StoreReader(tmp_path / "a" / "store.zarr").attributes["options"]["n"] == "5"
    with xarray.open_zarr(tmp_path / "a" / "store.zarr") as data:
        assert data.members.shape == (600, 5, 6, 6)
        assert data.means_lower.dims == ("sample", "part")
    with xarray.open_zarr(tmp_path / "b.zarr") as data:
        assert data.picture.shape == (600, 6, 6)
        assert data.input_picture.shape == (600, 12, 8)


def test_help_shows_the_pairs_own_options(xmod: Callable[..., tuple[int, str, str]]):
    code, out, _ = xmod("infer", "--plugin", "ensemble", "--help")
    assert code == 0
    words = " ".join(out.split())
    assert "-n, --n INTEGER" in words
    assert "The first member's seed. [default: 0]" in words


def test_generate_draws_from_what_its_options_name(
    xmod: Callable[..., tuple[int, str, str]], tmp_path: Path
):
    args = ["generate", "--plugin", "ensemble", "--from", "0.4", "--n", 7, "-o", "g.zarr"]
    code, out, err = xmod(*args, "--json")
    assert code == 0, err
    assert json.loads(out)["out"] == 7
    assert "generating" in err
    made = StoreReader(tmp_path / "g.zarr")
    assert made.attributes["options"] == {"from": "0.4", "n": "7"}
    assert "levels" not in made.fields  # one level stands for all: it is not repeated
    code, _, err = xmod("generate", "--plugin", "ensemble", "--from", "4", "-o", "h.zarr")
    assert code == 1
    assert "--from 4.0: a level from 0 to 1 expected" in err


def test_peers_are_scored_on_the_fields_they_have(run: Run, store: Path):
    from xmodkit.report import make_report

    pytest.importorskip("matplotlib")
    found = evaluate(EvaluationJob(run.pair, (run.folder,), store, "test"))
    assert list(found.peers) == ["run", "the levels", "training mean"]
    assert found.peers["run"]["members"].dtype == np.uint8
    report = make_report(found)
    scores = report.numbers["fields"]["means"]
    assert set(scores["peers"]) == set(found.peers)
    assert scores["bounds"]["coverage"] == pytest.approx(0.9, abs=0.06)
    assert report.numbers["bounds"]["kind"] == "ensemble"
    assert any("nothing was measured" in reason for reason in found.left_out)
    assert "over an ensemble" in report.html


def test_a_site_calibrates_what_the_pair_computes_from_its_measurements(
    files: dict[str, Path], ensemble: ModuleType
):
    from xmodkit.errors import InputError
    from xmodkit.pairs import Pairs
    from xmodkit.recalibrate import recalibrate

    class Truthful(ensemble.Ensemble):
        def truths(self, sample, route):
            return ensemble.Drawn().target(route.name, sample)

    class Bare(ensemble.Ensemble):
        def truths(self, sample, route):
            return {"picture": sample.arrays["picture"]["picture"][:, :6]}

    samples = tuple(ensemble.Ensemble().simulate(200, 8, {}))
    pairs = Pairs(samples, np.array([s.id for s in samples]), "0" * 64)
    file = read_model_file(files["levels:picture"])
    found = recalibrate(file, Truthful(), pairs, options={"n": 4})
    quantity = found.summary["quantities"]["means"]
    assert quantity["rows"] == found.summary["pairs"] == sum(i % 7 != 0 for i in range(200))
    assert quantity["mae"] < 0.05
    assert found.metadata.defaults["seed"].shape == (40,)
    with pytest.raises(InputError, match="means: has bounds, and these pairs hold no truth of it"):
        recalibrate(file, Bare(), pairs)


def test_cross_fitting_counts_no_row_that_was_not_measured(
    ensemble: ModuleType, store: Path, tmp_path: Path
):
    run = train(TrainJob(ensemble.Ensemble(), "drawn", store, tmp_path / "run", folds=3))
    measured = sum(i % 7 != 0 for i in range(600))
    assert run.calibration.rows == run.metrics["means"]["samples"] == measured
    assert run.metrics["means"]["coverage"] == pytest.approx(0.9, abs=0.05)
    scores = run.metrics["means"]
    assert scores["r2_pooled_of_the_levels"] == pytest.approx(scores["r2_pooled"], abs=0.05)
