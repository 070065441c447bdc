"""The loop learns as its stages say, keeps the best epoch, and names what breaks it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import DataError  # noqa: E402
from xmodkit.train import fit  # noqa: E402
from xmodkit.train.checkpoint import Checkpoint  # noqa: E402


@pytest.fixture
def rows() -> dict[str, np.ndarray]:
    signal = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    return {"signal": signal, "answer": signal[:, :2] * signal[:, 2:]}


@pytest.fixture
def model(tiny):
    torch.manual_seed(0)
    return tiny.TinyModel()


def with_stage(model, **changes):
    """Keep the second stage alone, changed."""
    model.stages = (replace(model.stages[1], **changes),)
    return model


def test_the_best_epoch_by_validation_loss_is_kept(model, rows):
    history = fit(with_stage(model, learning_rate=0.3, schedule="constant"), rows, rows, 0)
    best = min(epoch.validation for epoch in history)
    model.networks.eval()
    batch = {k: torch.from_numpy(v) for k, v in model.rows("head", rows).items()}
    assert model.loss("head", batch).item() == pytest.approx(best, rel=1e-5)


def test_the_last_epoch_is_kept_where_losses_do_not_tell(model, rows):
    """Validation on the opposite answers gets worse: the last is none of the best epochs."""
    other = {name: -array for name, array in rows.items()}
    changed = with_stage(model, epochs=8, patience=1, keep="last", learning_rate=0.1)
    history = fit(changed, rows, other, 0)
    assert len(history) == 8
    model.networks.eval()
    batch = {k: torch.from_numpy(v) for k, v in model.rows("head", other).items()}
    assert model.loss("head", batch).item() == pytest.approx(history[-1].validation, rel=1e-5)
    assert history[-1].validation > min(epoch.validation for epoch in history)


def test_a_model_is_told_of_each_epoch_and_a_resumed_one_of_the_next(model, rows, tmp_path):
    told = []
    model.start_epoch = lambda stage, epoch: told.append((stage, epoch))
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {"seed": 0})

    def stop(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(with_stage(model), rows, rows, 0, stop, checkpoint=checkpoint)
    fit(model, rows, rows, 0, checkpoint=checkpoint)
    assert told == [("head", epoch) for epoch in (1, 2, 3, 4)]


def test_a_stage_stops_when_validation_has_not_improved_for_its_patience(model, rows):
    other = {name: -array for name, array in rows.items()}
    with_stage(model, epochs=200, patience=3, learning_rate=0.1, schedule="constant")
    history = fit(model, rows, other, 0)
    validation = [epoch.validation for epoch in history]
    assert len(history) < 200
    assert len(history) - 1 - int(np.argmin(validation)) == 3


def test_a_stage_without_patience_runs_all_its_epochs(model, rows):
    other = {name: -array for name, array in rows.items()}
    assert len(fit(with_stage(model, epochs=30), rows, other, 0)) == 30


def test_frozen_networks_do_not_change_and_stay_in_evaluation_mode(model, rows):
    before = {k: v.clone() for k, v in model.networks["encoder"].state_dict().items()}
    modes = []
    inner = model.loss

    def loss(stage, batch):
        modes.append((model.networks["encoder"].training, model.networks["head"].training))
        return inner(stage, batch)

    model.loss = loss
    fit(with_stage(model, epochs=1), rows, rows, 0)
    assert set(modes) == {(False, True), (False, False)}
    for name, value in model.networks["encoder"].state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
def test_a_stage_trains_as_a_plain_torch_loop_with_its_settings(tiny, rows, schedule, optimiser):
    torch.manual_seed(0)
    model, plain = tiny.TinyModel(), tiny.TinyModel()
    plain.networks.load_state_dict(model.networks.state_dict())
    batch_size, epochs = 30, 3
    with_stage(
        model, epochs=epochs, batch_size=batch_size, schedule=schedule, optimiser=optimiser,
        weight_decay=0.1, learning_rate=0.05,
    )  # fmt: skip
    found = fit(model, rows, rows, 7)

    head = plain.networks["head"]
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimiser]
    optimiser = kind(head.parameters(), lr=0.05, weight_decay=0.1)
    steps = epochs * math.ceil(100 / batch_size)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    order = np.random.default_rng([7, 0])
    seen = plain.rows("head", rows)
    for epoch in found:
        losses = []
        for taken in np.split(order.permutation(100), range(batch_size, 100, batch_size)):
            loss = plain.loss("head", {k: torch.from_numpy(v[taken]) for k, v in seen.items()})
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if schedule == "cosine":
                decay.step()
            losses.append(loss.item())
        assert epoch.training == pytest.approx(np.mean(losses), rel=1e-5)


def test_large_gradients_are_clipped(model, rows):
    with_stage(model, epochs=1, clip=1e-12, optimiser="adamw")
    fit(model, rows, rows, 0)
    head = model.networks["head"]
    assert max(p.grad.norm() for p in head.parameters()) < 1e-11


def test_a_loss_that_is_not_finite_names_stage_epoch_and_the_samples(model, rows):
    rows["answer"][[3, 42]] = np.nan
    ids = [f"s{i:03d}" for i in range(100)]
    with_stage(model, batch_size=100)
    with pytest.raises(DataError, match=r"stage head, epoch 1: .* because of (s003|s042), s0") as e:
        fit(model, rows, rows, 0, ids=(ids, ids))
    assert {name for name in ids if name in str(e.value)} == {"s003", "s042"}


def test_a_validation_loss_that_is_not_finite_names_the_samples(model, rows):
    held = {name: array[:9].copy() for name, array in rows.items()}
    held["answer"][4] = np.inf
    ids = [f"v{i}" for i in range(9)]
    with pytest.raises(DataError, match=r"epoch 1: .* because of v4;"):
        fit(with_stage(model), rows, held, 0, ids=((), ids))


def test_a_loss_that_diverges_blames_the_learning_rate_and_no_sample(model, rows):
    with_stage(model, learning_rate=1e30, schedule="constant", epochs=50)
    with pytest.raises(DataError, match="lower the learning rate"):
        fit(model, rows, rows, 0)


def test_a_gradient_that_is_not_finite_is_found_though_its_loss_is(model, rows):
    with_stage(model)
    rows["answer"][5] = 0

    def loss(stage, batch):  # the root's slope at 0 is infinite
        scale = model.networks["head"].weight.sum() * 0
        return (batch["answer"].abs().sum(dim=1) + scale).sqrt().mean()

    model.loss = loss
    with pytest.raises(DataError, match="because of row 5;"):
        fit(model, rows, rows, 0)
