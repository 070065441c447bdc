"""Two processes train what one does."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.train.distributed import Processes


def test_one_process_has_the_whole_batch():
    processes = Processes()
    assert processes.is_first
    rows, weight = processes.share(np.arange(5))
    assert (rows.tolist(), weight) == ([0, 1, 2, 3, 4], 1)


def test_shares_of_any_batch_hold_every_row_and_weigh_one_together():
    class Three(Processes):
        count, rank = 3, 0

        def __init__(self, rank):
            self.rank = rank

    for n in range(3, 12):
        shares = [Three(rank).share(np.arange(n)) for rank in range(3)]
        assert sorted(np.concatenate([rows for rows, _ in shares])) == list(range(n))
        assert [weight for _, weight in shares] == [len(rows) / n for rows, _ in shares]
    few = [Three(rank).share(np.arange(2)) for rank in range(3)]
    assert [(rows.tolist(), weight) for rows, weight in few] == [([0, 1], 1 / 3)] * 3


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "tolerance"), [("0", 1e-4), ("0.1", 0.1)])
def test_two_processes_train_as_one_does(
    command, tiny_store, losses, checked, tmp_path, noise, tolerance
):
    more = {"capture_output": True, "text": True, "env": {**os.environ, "NOISE": noise}}
    args = ["train", "--plugin", "tiny", str(tiny_store), "--epochs", "30", "--json"]
    one, two = tmp_path / "one", tmp_path / "two"
    checked(subprocess.run([*command, *args, "--out", str(one)], **more))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    words = [*torchrun, command[-1], *args, "--out", str(two)]
    printed = checked(subprocess.run(words, **more))
    assert len(printed.splitlines()) == 1  # the first process alone prints
    single, shared = losses(one)[1:], losses(two)[1:]
    assert [row[:3] for row in single] == [row[:3] for row in shared]
    validation = np.array([[float(row[4]) for row in rows] for rows in (single, shared)])
    np.testing.assert_allclose(validation[1], validation[0], rtol=tolerance)
