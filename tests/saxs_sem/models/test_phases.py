"""Our own model as a whole: what it prepares, learns and predicts on its four routes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from xmodkit.modality import stacked  # noqa: E402
from xmodkit.train.fit import fit  # noqa: E402
from xmodkit_saxs_sem.modalities import PHI, SAXS, SEM, SIZE  # noqa: E402
from xmodkit_saxs_sem.models.phases.losses import crops  # noqa: E402
from xmodkit_saxs_sem.models.phases.model import Phases  # noqa: E402
from xmodkit_saxs_sem.pair import SaxsSem  # noqa: E402
from xmodkit_saxs_sem.simulator import simulate  # noqa: E402

SAMPLES = 8


@pytest.fixture(scope="module")
def samples():
    return list(simulate(SAMPLES, 5, {"sem_size": "400x400"}))


@pytest.fixture(scope="module")
def rows(samples):
    model = Phases()
    return stacked([model.prepare(sample) for sample in samples])


@pytest.fixture(scope="module")
def trained(rows):
    """Return a model trained for a few steps: it has learned something, and is not any good."""
    torch.manual_seed(0)
    model = Phases()
    stages = {"saxs": 15, "sem": 12, "pair": 12}
    model.stages = tuple(_short(stage, stages[stage.name]) for stage in model.stages)
    history = fit(model, rows, {name: array[:0] for name, array in rows.items()}, 0)
    model.networks.eval()
    return model, history


def _short(stage, epochs):
    return replace(stage, epochs=epochs, batch_size=4)


def _feeds(samples, route):
    fields = (*SAXS.fields, PHI) if route == "saxs:sem" else None
    fields = fields or (SAXS if route.startswith("saxs") else SEM).fields
    pair = SaxsSem()
    encoded = [pair.encode(sample, pair.route(route), {})[0] for sample in samples]
    return [torch.from_numpy(np.stack([row[field.name] for row in encoded])) for field in fields]


def _run(model, samples, route, members=9, spread=1.0, phi=None):
    feeds = _feeds(samples, route)
    if phi is not None:
        feeds[-1] = torch.full_like(feeds[-1], phi)
    if route == "saxs:sem":
        feeds += [torch.arange(members), torch.tensor(spread)]
    with torch.no_grad():
        return model.graph(route).eval()(*feeds)


def test_prepared_rows_hold_what_training_needs(rows):
    assert rows["saxs"].shape == rows["valid"].shape == (SAMPLES, SIZE, SIZE)
    assert rows["field"].shape == (SAMPLES, 200, 200)
    assert set(np.unique(rows["field"])) == {0, 1}
    assert rows["autocorrelation"][:, 64, 64] == pytest.approx(1)
    assert all(np.isfinite(array).all() for array in rows.values())


def test_patterns_are_rebuilt_better_than_by_their_mean(trained, rows):
    model, _ = trained
    log, valid = torch.from_numpy(rows["saxs"]), torch.from_numpy(rows["valid"])
    with torch.no_grad():
        found = model.losses.rebuild_pattern(log, valid)
    mean = ((log - log.mean(dim=0)).abs() * valid).sum() / valid.sum()
    assert float(found) < 1.3 * float(mean)


def test_drawing_learns_to_tell_the_bright_phase(trained, rows):
    """A coin's cross-entropy is .69; fields of the right power alone would keep it there."""
    model, _ = trained
    torch.manual_seed(1)
    batch = {name: torch.from_numpy(array) for name, array in rows.items()}
    with torch.no_grad():
        found = model.losses.pair(batch)
    assert float(found["draw"]) < 0.6


def test_every_stage_learns(trained):
    _, history = trained
    for stage in ("saxs", "sem", "pair"):
        losses = [epoch.training for epoch in history if epoch.stage == stage]
        assert np.mean(losses[-3:]) < 0.8 * losses[0], stage


def test_an_ensemble_has_as_many_members_as_seeds_and_differs(trained, samples):
    model, _ = trained
    found = _run(model, samples[:2], "saxs:sem", members=9)
    ensemble = found["ensemble"].numpy()
    assert ensemble.shape == (2, 9, SIZE, SIZE)
    assert set(np.unique(ensemble)) == {0, 255}
    assert len({member.tobytes() for member in ensemble[0]}) == 9


def test_the_image_shown_is_one_of_the_members(trained, samples):
    model, _ = trained
    found = _run(model, samples[:2], "saxs:sem")
    for image, members in zip(found["micrograph"], found["ensemble"], strict=True):
        assert any(torch.equal(image, member) for member in members)


def test_the_same_seed_draws_the_same_image_whoever_else_is_drawn(trained, samples):
    model, _ = trained
    many = _run(model, samples[:2], "saxs:sem", members=9)["ensemble"]
    few = _run(model, samples[:2], "saxs:sem", members=3)["ensemble"]
    assert float((many[:, :3] != few).float().mean()) < 1e-3  # but for rounding at the threshold


def test_a_given_fraction_is_that_of_the_images_if_nothing_strays(trained, samples):
    model, _ = trained
    found = _run(model, samples[:2], "saxs:sem", spread=0.0, phi=0.37)
    shares = (found["ensemble"] > 0).float().mean(dim=(2, 3))
    torch.testing.assert_close(shares, torch.full_like(shares, 0.37), atol=3e-4, rtol=0)


def test_without_spread_all_members_are_the_same_image(trained, samples):
    model, _ = trained
    alike, half, whole = (
        _run(model, samples[:1], "saxs:sem", spread=spread)["ensemble"][0].float() / 255
        for spread in (0.0, 0.5, 1.0)
    )
    differ = [float((e[1:] - e[:1]).abs().mean()) for e in (alike, half, whole)]
    assert differ[0] == 0
    assert 0 < differ[1] < differ[2]


def test_fewer_than_eight_members_have_no_spread(trained, samples):
    model, _ = trained
    few, enough = (_run(model, samples[:1], "saxs:sem", members=m) for m in (7, 8))
    assert torch.isnan(few["two_point_scale"]).all()
    assert (enough["two_point_scale"] > 0).all()
    assert torch.isfinite(few["two_point"]).all()


def test_frames_without_q_are_as_novel_as_can_be(trained, samples):
    model, _ = trained
    feeds = _feeds(samples[:1], "saxs:saxs")
    feeds[2:] = [torch.zeros_like(feeds[2])] * 2
    with torch.no_grad():
        blind = model.graph("saxs:saxs").eval()(*feeds)
    assert float(blind["novelty"]) > 1e2
    assert float(_run(model, samples[:1], "saxs:saxs")["novelty"]) < 1e2


@pytest.mark.parametrize("route", ["sem:saxs", "saxs:saxs"])
def test_predicted_frames_lie_on_the_models_grid_and_are_symmetric(trained, samples, route):
    model, _ = trained
    found = _run(model, samples[:2], route)
    middle, intensity = SIZE // 2, found["intensity"]
    assert (found["qx"][:, 0, middle + 1] > 0).all()
    assert (found["qy"][:, middle - 1, 0] > 0).all()
    there, back = intensity[:, middle - 5, middle + 7], intensity[:, middle + 5, middle - 7]
    torch.testing.assert_close(there, back, rtol=1e-4, atol=0)
    torch.testing.assert_close(torch.log10(intensity), found["log_intensity"])


def test_rebuilt_images_keep_their_area_fraction(trained, samples):
    model, _ = trained
    found = _run(model, samples, "sem:sem")
    known = [model.target("sem:sem", sample)["micrograph"] for sample in samples]
    shares = (found["micrograph"] > 0).float().mean(dim=(1, 2)).numpy()
    np.testing.assert_allclose(shares, (np.stack(known) > 0).mean(axis=(1, 2)), atol=5e-3)


@pytest.mark.parametrize("route", Phases.routes)
def test_truths_are_called_and_shaped_as_what_is_predicted(trained, samples, route):
    model, _ = trained
    found = _run(model, samples[:1], route)
    for name, array in model.target(route, samples[0]).items():
        assert found[name].shape[1:] == array.shape, name


def test_truths_of_scattering_are_nan_where_nothing_was_measured(samples):
    known = Phases().target("sem:saxs", samples[0])["log_intensity"]
    assert np.isnan(known[SIZE // 2, SIZE // 2])
    assert np.isfinite(known[SIZE // 2, SIZE // 2 + 12])


def test_crops_are_cut_out_of_their_own_fields():
    fields = torch.stack([torch.zeros(120, 130), torch.ones(120, 130)]).to(torch.uint8)
    found = crops(fields)
    assert found.shape == (2, SIZE, SIZE)
    assert found[0].max() == 0
    assert found[1].min() == 1
