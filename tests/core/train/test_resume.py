"""A training that was killed goes on as if nothing had happened, and only the same one does."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import InputError, UsageError
from xmodkit.train import TrainJob, train


class Killed(Exception):
    pass


def interrupt(job: TrainJob, after: int) -> None:
    """Train until an epoch (counted over all stages) has been reported."""
    seen = []

    def report(epoch):
        seen.append(epoch)
        if len(seen) == after:
            raise Killed

    with pytest.raises(Killed):
        train(job, report)


@pytest.fixture(scope="module")
def job(tiny, tiny_store, tmp_path_factory) -> TrainJob:
    return TrainJob(tiny.Tiny(), "tiny", tiny_store, tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture(scope="module")
def whole(job: TrainJob) -> Path:
    return train(job).folder


@pytest.mark.parametrize("after", [1, 3, 4, 5, 8])
def test_a_resumed_training_has_the_same_losses_and_weights(job, whole, losses, tmp_path, after):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, after)
    train(replace(part, resume=True))
    assert losses(part.out) == losses(whole)
    weights = "weights.safetensors"
    assert (part.out / weights).read_bytes() == (whole / weights).read_bytes()
    assert not (part.out / "checkpoint.pt").exists()


def test_a_training_interrupted_twice_has_the_same_losses(job, whole, losses, tmp_path):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, 2)
    interrupt(replace(part, resume=True), 3)
    train(replace(part, resume=True))
    assert losses(part.out) == losses(whole)


def test_resuming_before_the_first_epoch_starts_from_the_beginning(job, whole, losses, tmp_path):
    part = replace(job, out=tmp_path / "run", resume=True)
    train(part)
    assert losses(part.out) == losses(whole)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"epochs": 7}, "stages"),
        ({"model": "other"}, "model"),
        ({"split_by": "sample"}, "split hash"),
    ],
)
def test_another_training_does_not_resume(job, tmp_path, change, named):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, 2)
    with pytest.raises(UsageError, match=f"has {named} .*--overwrite"):
        train(replace(part, resume=True, **change))


def test_another_store_does_not_resume(job, tiny, samples, tmp_path):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, 2)
    changed = [*samples[:-1], replace(samples[-1], arrays=samples[0].arrays)]
    store = tiny.write_store(tmp_path / "other.zarr", changed)
    with pytest.raises(UsageError, match="store hash"):
        train(replace(part, resume=True, store=store))


def test_an_unfinished_run_is_neither_continued_nor_replaced_unasked(job, whole, losses, tmp_path):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, 2)
    with pytest.raises(UsageError, match=r"--resume .* --overwrite"):
        train(part)
    train(replace(part, overwrite=True))
    assert losses(part.out) == losses(whole)


def test_a_damaged_checkpoint_is_named(job, tmp_path):
    part = replace(job, out=tmp_path / "run")
    interrupt(part, 2)
    (part.out / "checkpoint.pt").write_bytes(b"PK damaged")
    with pytest.raises(InputError, match="not a checkpoint"):
        train(replace(part, resume=True))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_kill_9_and_resume_give_the_same_losses(
    command, tiny_store, whole, losses, checked, tmp_path
):
    out = tmp_path / "run"
    words = [*command, "train", "--plugin", "tiny", str(tiny_store), "--out", str(out)]
    process = subprocess.Popen(words, env={**os.environ, "SLOW": "1"})
    while process.poll() is None and not (out / "losses.csv").exists():
        time.sleep(0.05)
    while process.poll() is None and len((out / "losses.csv").read_text().splitlines()) < 7:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    refused = subprocess.run(words, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    assert "--overwrite" in refused.stderr
    checked(subprocess.run([*words, "--resume"], capture_output=True, text=True))
    assert losses(out) == losses(whole)
