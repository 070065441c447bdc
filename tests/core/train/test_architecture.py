"""The data shape a model, and the run, the file and what reads it know of that shape."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import xmodkit  # noqa: E402
from xmodkit import plugins  # noqa: E402
from xmodkit.batching import Batcher  # noqa: E402
from xmodkit.errors import DataError, UsageError  # noqa: E402
from xmodkit.modelfile import read_model_file  # noqa: E402
from xmodkit.predictor import ModelPredictor  # noqa: E402
from xmodkit.train import Run, TrainJob, train, write_model  # noqa: E402
from xmodkit.train.architecture import Architecture  # noqa: E402
from xmodkit.train.inference import run_samples  # noqa: E402
from xmodkit.verify import verify  # noqa: E402


@pytest.fixture(scope="module")
def job(ragged, ragged_store, tmp_path_factory) -> TrainJob:
    out = tmp_path_factory.mktemp("runs") / "run"
    return TrainJob(ragged.Ragged(), "closed", ragged_store, out, options={"ridge": 0.5})


@pytest.fixture(scope="module")
def run(job: TrainJob) -> Run:
    return train(job)


@pytest.fixture(scope="module")
def exported(run: Run, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    paths = {}
    for name in run.routes:
        paths[name] = folder / f"{name.replace(':', '-')}.onnx"
        route = run.pair.route(name)
        write_model(run, run.pair, plugins.exporter("onnx"), paths[name], route)
    return paths


def test_a_model_fitted_in_closed_form_trains_and_is_scored(run: Run):
    assert (run.folder / "losses.csv").read_text().count("\n") == 1  # no epoch
    assert run.metrics["curve"]["r2_mean"] > 0.5


def test_the_run_keeps_the_shape_that_data_and_options_gave(run: Run, ragged):
    settings = json.loads((run.folder / "run.json").read_text())
    assert settings["shape"]["energies"] == list(ragged.ENERGIES)
    assert settings["shape"]["ridge"] == 0.5
    assert settings["options"] == {"ridge": "0.5"}
    assert settings["split"]["by"] == "molecule"
    again = Run.load(run.folder, run.pair)
    assert again.model.routes == ("atoms:curve", "latent:curve")
    for name, value in run.model.networks.state_dict().items():
        assert torch.equal(again.model.networks.state_dict()[name], value)


def test_the_file_holds_energies_condition_and_details(exported: dict[str, Path], ragged, run):
    metadata = read_model_file(exported["atoms:curve"]).metadata
    assert metadata.outputs[0].axes[0].coordinates == ragged.ENERGIES
    assert [field.name for field in metadata.inputs] == ["numbers", "places"]
    assert metadata.condition == {"element": "H"}
    assert metadata.details == {"rows": run.calibration.rows, "ridge": 0.5}


def test_files_of_every_route_verify(exported: dict[str, Path]):
    assert set(exported) == {"atoms:curve", "latent:curve"}
    for path in exported.values():
        assert [check for check in verify(path) if not check.ok] == []


def test_a_route_from_the_latent_takes_what_the_first_route_gives(
    exported: dict[str, Path], ragged_samples
):
    first, decoder = (ModelPredictor(path, "cpu") for path in exported.values())
    assert decoder.inputs[0].axes[0].size == 2
    rows = [{n: s.arrays["atoms"][n] for n in ("numbers", "places")} for s in ragged_samples[:20]]
    found = Batcher(first).run(rows)
    np.testing.assert_allclose(
        decoder.run({"latent": found.latent}).value, found.value, rtol=1e-5, atol=1e-6
    )


def test_rows_of_different_extents_share_a_batch_and_predict_what_they_do_alone(
    run: Run, ragged_samples
):
    sizes = []

    def graph(numbers, places):
        sizes.append(len(numbers))
        return run.graph().graph(numbers, places)

    together = run_samples(graph, run.pair, run.route, ragged_samples[:40], {})
    assert sizes == [40]
    for i, sample in enumerate(ragged_samples[:40]):
        alone = run_samples(graph, run.pair, run.route, [sample], {})
        np.testing.assert_allclose(together["curve"][i], alone["curve"][0], rtol=1e-5, atol=1e-6)


def test_progress_counts_the_samples_that_are_done(run: Run, ragged_samples):
    told: list[tuple[int, int]] = []
    many = [*ragged_samples] * (2 * run.pair.batch_size // len(ragged_samples) + 1)
    run_samples(
        run.graph().graph, run.pair, run.route, many, {}, lambda *counts: told.append(counts)
    )
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (len(many), len(many))


def test_vectors_have_room_along_padded_axes_and_finite_noise(run: Run):
    assert all(vector["numbers"].shape[0] >= 2 for vector in run.vectors)
    noise = run.vectors[-1]
    assert noise["numbers"].dtype == np.int32
    assert noise["numbers"].min() >= 0
    assert noise["numbers"].max() <= 118
    assert np.isfinite(noise["places"]).all()


def test_another_route_than_the_models_is_refused_by_name(job: TrainJob, tiny, tiny_store):
    pair = tiny.Tiny()
    pair.routes = (*pair.routes, replace(pair.routes[0], source="answer", target="signal"))
    with pytest.raises(UsageError, match="tiny is trained for signal:answer"):
        Architecture.of_store(pair, "tiny", tiny_store, pair.routes[1], {})


def test_an_empty_store_shapes_nothing(job: TrainJob, ragged, tmp_path: Path):
    from xmodkit.records import held, sample_columns
    from xmodkit.store import StoreWriter

    sample = next(job.pair.simulate(1, 0, {}))
    modalities = held(sample, ragged.Ragged.modalities)
    StoreWriter.create(tmp_path / "empty.zarr", sample_columns(modalities)).close()
    with pytest.raises(DataError, match=r"empty\.zarr: no samples"):
        train(replace(job, store=tmp_path / "empty.zarr", out=tmp_path / "run"))


def test_epochs_are_for_stages_that_learn_by_gradient(job: TrainJob):
    kind = Architecture.of_store(job.pair, job.model, job.store, None, {})
    assert [stage.epochs for stage in kind.make(0, epochs=7).stages] == [0]


def test_scalars_are_derived_on_the_datas_energies_for_the_models_condition(
    run: Run, exported: dict[str, Path], ragged_samples, monkeypatch: pytest.MonkeyPatch
):
    assert set(run.calibration.derived) == {"area_H"}
    assert run.metrics["area_H"]["mae"] < run.metrics["area_H"]["mae_of_training_median"]
    monkeypatch.setattr(plugins, "pair", lambda name: type(run.pair)())
    rows = [{n: s.arrays["atoms"][n] for n in ("numbers", "places")} for s in ragged_samples[:9]]
    found = xmodkit.load(exported["atoms:curve"])(rows)
    area = found.derived["area_H"]
    np.testing.assert_allclose(area.value, found.value.sum(axis=1) * 0.5, rtol=1e-5)
    assert (area.lower < area.value)[~found.novel].all()
