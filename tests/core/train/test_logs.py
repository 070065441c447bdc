"""Losses can be looked at while a training runs, and afterwards."""

from __future__ import annotations

import builtins
import csv
from dataclasses import asdict
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")

from xmodkit.errors import MissingExtraError
from xmodkit.train.logs import Epoch, LossLog, draw_losses

HISTORY = [
    Epoch(stage, i, 9, 100.0 / i**3, 110.0 / i**2, 0.5) for stage in "ab" for i in range(1, 10)
]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "losses.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_epoch_is_in_the_table_as_soon_as_it_is_over(tmp_path: Path):
    log = LossLog(tmp_path)
    for i, epoch in enumerate(HISTORY, 1):
        log.add(epoch)
        assert len(rows(tmp_path)) == i
    assert rows(tmp_path)[3] == {name: str(value) for name, value in asdict(HISTORY[3]).items()}


def test_a_resumed_table_forgets_what_the_checkpoint_does_not_know(tmp_path: Path):
    log = LossLog(tmp_path)
    for epoch in HISTORY[:5]:
        log.add(epoch)
    LossLog(tmp_path, HISTORY[:3]).add(HISTORY[3])
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2", "3", "4"]


def test_the_curves_are_a_picture_with_a_panel_for_each_stage(tmp_path: Path):
    pytest.importorskip("matplotlib")
    draw_losses(tmp_path / "one.png", HISTORY[:9])
    draw_losses(tmp_path / "two.png", HISTORY)
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "two.png") as two:
        assert two.width == 2 * one.width
        assert len(set(one.convert("L").tobytes())) > 10


def test_tensorboard_gets_the_same_losses(tmp_path: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = LossLog(tmp_path, tensorboard=True)
    for epoch in HISTORY:
        log.add(epoch)
    log.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("b/validation")]
    assert found == [(i + 1, pytest.approx(e.validation)) for i, e in enumerate(HISTORY) if i > 8]


@pytest.mark.parametrize(
    ("library", "call"),
    [
        ("torch.utils.tensorboard", lambda folder: LossLog(folder, tensorboard=True)),
        ("matplotlib.figure", lambda folder: draw_losses(folder / "x.png", HISTORY)),
    ],
)
def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch, library, call):
    inner = builtins.__import__

    def refuse(name, *args, **more):
        if name == library:
            raise ImportError(name)
        return inner(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match="pip install"):
        call(tmp_path)
