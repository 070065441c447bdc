"""PairVAE trains in its stages, and its graphs answer alike in torch and in ONNX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from xmodkit.errors import UsageError  # noqa: E402
from xmodkit.modality import stacked  # noqa: E402
from xmodkit.pair import Sample  # noqa: E402
from xmodkit.train.fit import fit  # noqa: E402
from xmodkit_saxs_sem.metrics.two_point import two_point  # noqa: E402
from xmodkit_saxs_sem.modalities import PHI, SAXS, SEM  # noqa: E402
from xmodkit_saxs_sem.models.pairvae import PairVae, resnet  # noqa: E402
from xmodkit_saxs_sem.simulator import simulate  # noqa: E402

ROUTES = PairVae.routes
# An export takes long; all routes are made of the same parts, of which those of ensembles (noise,
# statistics) have exports of their own.
EXPORTED = [
    route if route == "sem:saxs" else pytest.param(route, marks=pytest.mark.slow)
    for route in ROUTES
]


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Leave one block in each stage of the encoder, of 3, 4, 6 and 3: exports take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resnet, "_BLOCKS", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(simulate(4, 3, {"sem_size": "300x340"}))


@pytest.fixture(scope="module")
def rows(samples: list[Sample]) -> dict[str, np.ndarray]:
    model = PairVae(encoder_width=4)
    return stacked([model.prepare(sample) for sample in samples])


@pytest.fixture(scope="module")
def trained(rows: dict[str, np.ndarray]) -> PairVae:
    torch.manual_seed(0)
    model = PairVae(encoder_width=4)
    model.stages = tuple(replace(stage, epochs=2) for stage in model.stages)
    fit(model, rows, {name: array[:0] for name, array in rows.items()}, 0)
    return model


def feeds(route: str, samples: list[Sample]) -> dict[str, np.ndarray]:
    source = "saxs" if route.startswith("saxs") else "sem"
    given = stacked([sample.arrays[source] for sample in samples])
    if route == "saxs:sem":
        given["phi"] = np.zeros(len(samples), np.float32)
        given |= {"seed": np.arange(3), "spread": np.asarray(1, np.float32)}
    return given


def answer(model: PairVae, route: str, samples: list[Sample], **changed: object) -> dict:
    given = feeds(route, samples) | changed
    graph = model.graph(route).eval()
    with torch.no_grad():
        found = graph(*(torch.as_tensor(array) for array in given.values()))
    return {name: value.numpy() for name, value in found.items()}


def test_prepared_rows_are_pictures_between_0_and_1_and_binary_fields(rows):
    assert rows["saxs"].shape == (4, 96, 96)
    assert rows["saxs"].min() >= 0
    assert rows["saxs"].max() <= 1
    assert (rows["saxs"][rows["valid"] == 0] == 0).all()
    assert rows["field"].shape == (4, 150, 170)
    assert set(np.unique(rows["field"])) == {0, 1}


def test_at_192_pixels_crops_keep_pixels_of_2_nm(samples: list[Sample]):
    model = PairVae(192, encoder_width=2)
    row = model.prepare(samples[0])
    assert row["saxs"].shape == (192, 192)
    assert row["field"].shape == (300, 340)
    found = answer(model, "saxs:sem", samples[:1])
    assert found["micrograph"].shape == (1, 96, 96)
    assert found["latent"].shape == (1, 32 * 6 * 6)
    assert answer(model, "sem:saxs", samples[:1])["log_intensity"].shape == (1, 96, 96)


def test_other_sizes_are_refused():
    with pytest.raises(UsageError, match="128 given, 96 or 192 expected"):
        PairVae(128)  # type: ignore[arg-type]


def test_each_stage_changes_its_own_networks_alone(rows: dict[str, np.ndarray]):
    torch.manual_seed(0)
    model = PairVae(encoder_width=4)
    for stage in model.stages:
        before = {k: v.clone() for k, v in model.networks.state_dict().items()}
        model.stages = (replace(stage, epochs=1),)
        fit(model, rows, {name: array[:0] for name, array in rows.items()}, 0)
        changed = {
            name.partition(".")[0]
            for name, value in model.networks.state_dict().items()
            if not torch.equal(value, before[name])
        }
        assert changed - {"known"} == set(stage.networks)


def test_the_corner_moves_in_the_first_eleventh_of_pair_training_and_then_stays(rows):
    model = PairVae(encoder_width=2)
    model.stages = tuple(replace(stage, epochs=110) for stage in model.stages)
    fields = torch.from_numpy(rows["field"])
    corners = []
    for epoch in range(1, 111):
        model.start_epoch("pair", epoch)
        corners.append(model._corner(fields))
    assert len(set(corners[:10])) > 7
    assert set(corners[9:]) == {corners[9]}


def test_a_row_is_enough_for_a_finite_loss(trained: PairVae, rows: dict[str, np.ndarray]):
    """The last batch of an epoch may hold a single row, whose latents have no correlation."""
    one = {name: array[:1] for name, array in rows.items()}
    for stage in trained.stages:
        trained.start_epoch(stage.name, 1)
        batch = {k: torch.from_numpy(v) for k, v in trained.rows(stage.name, one).items()}
        trained.networks.eval()
        assert torch.isfinite(trained.loss(stage.name, batch))


def test_pictures_are_learned(rows: dict[str, np.ndarray]):
    torch.manual_seed(0)
    model = PairVae(encoder_width=4)
    stage = next(stage for stage in model.stages if stage.name == "solo_saxs")
    model.stages = (replace(stage, epochs=40),)
    history = fit(model, rows, {name: array[:0] for name, array in rows.items()}, 0)
    assert history[-1].training < 0.5 * history[0].training


@pytest.mark.parametrize("route", EXPORTED)
def test_the_exported_graph_agrees_with_torch(trained: PairVae, samples, route: str):
    exporter = pytest.importorskip("xmodkit_exporters.onnx")
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    source, target = (SAXS if end == "saxs" else SEM for end in route.split(":"))
    inputs = (*source.fields, PHI) if route == "saxs:sem" else source.fields
    fields = trained.outputs(route, target.fields)
    new = {f.name: f"{f.name}_new" for f in fields} | {"novelty": "novelty", "latent": "latent"}
    given = feeds(route, samples)
    graph = _Renamed(trained.graph(route), new)
    data = exporter.to_onnx(graph, inputs, list(new.values()), given, trained.input_fields(route))
    answers = runtime.InferenceSession(data).run(list(new.values()), given)
    expected = answer(trained, route, samples)
    for name, found in zip(new, answers, strict=True):
        if found.dtype == np.uint8:  # a probability of nearly 0.5 may fall to either side
            assert (found != expected[name]).mean() < 1e-3, name
        else:
            np.testing.assert_allclose(found, expected[name], atol=2e-3, rtol=1e-3, err_msg=name)
    for field in fields:
        field.check(expected[field.name], batched=True)


class _Renamed(torch.nn.Module):
    """Reconstructions have the names of their inputs, which no graph may give twice."""

    def __init__(self, graph: torch.nn.Module, new: dict[str, str]) -> None:
        super().__init__()
        self.graph, self.new = graph, new

    def forward(self, *given: torch.Tensor) -> dict[str, torch.Tensor]:
        found = self.graph(*given)
        return {new: found[old] for old, new in self.new.items()}


def test_equal_seeds_give_equal_members_and_statistics_are_those_of_the_images(
    trained: PairVae, samples: list[Sample]
):
    found = answer(trained, "saxs:sem", samples, seed=np.array([5, 9, 5]))
    images = found["ensemble"]
    assert (images[:, 0] == images[:, 2]).all()
    assert (images[:, 0] != images[:, 1]).any()
    np.testing.assert_allclose(found["two_point"], two_point(images).mean(axis=1), atol=1e-5)
    shown = (found["micrograph"][:, None] == images).all(axis=(2, 3))
    assert shown.any(axis=1).all()
    assert ((found["probability"] > 0.5) == (found["micrograph"] > 0)).all()


def test_members_differ_by_the_spread_alone_where_latents_are_means(
    trained: PairVae, samples: list[Sample]
):
    means = PairVae(encoder_width=4, z="mean")
    means.networks.load_state_dict(trained.networks.state_dict())

    def unlike(spread: float) -> float:
        given = np.asarray(spread, np.float32)
        images = answer(means, "saxs:sem", samples, spread=given)["ensemble"]
        return float((images[:, 0] != images[:, 1]).mean())

    assert unlike(0) == 0
    assert unlike(1) > 0
    drawn = answer(trained, "saxs:sem", samples, spread=np.zeros((), np.float32))["ensemble"]
    assert (drawn[:, 0] != drawn[:, 1]).any()


def test_a_frame_without_q_is_novel(trained: PairVae, samples: list[Sample]):
    nowhere = np.zeros((4, 192, 192), np.float32)
    with_q = answer(trained, "saxs:saxs", samples)["novelty"]
    without = answer(trained, "saxs:saxs", samples, qx=nowhere, qy=nowhere)["novelty"]
    assert (without > 100 * with_q).all()


@pytest.mark.parametrize("route", ROUTES)
def test_truths_have_the_shapes_of_predictions(trained: PairVae, samples, route: str):
    truth = trained.target(route, samples[0])
    found = answer(trained, route, samples[:1])
    assert truth.keys() <= found.keys()
    for name, values in truth.items():
        assert values.shape == found[name].shape[1:], name
        assert values.dtype == found[name].dtype, name
    if route.endswith(":saxs"):
        measured = np.isfinite(truth["log_intensity"])
        assert 0.5 < measured.mean() <= 1


def test_a_models_own_seeds_differ_between_samples(samples: list[Sample]):
    model = PairVae(encoder_width=2)
    assert len(model.inputs("saxs:sem")["seed"]) == 40
    first, second = (model.inputs("saxs:sem", sample)["seed"] for sample in samples[:2])
    assert (first != second).all()
    assert model.inputs("sem:saxs") == {}
