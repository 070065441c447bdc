"""Every row is seen once an epoch, in an order that a disk can follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from xmodkit.train.batches import batches, epoch_order, gather, shuffled_blocks


@given(n=st.integers(1, 2000), block=st.integers(1, 300), seed=st.integers(0, 9))
def test_shuffled_blocks_hold_every_row_once(n: int, block: int, seed: int):
    order = shuffled_blocks(n, block, np.random.default_rng(seed))
    assert sorted(order) == list(range(n))


def test_a_window_of_the_order_touches_few_blocks():
    order = shuffled_blocks(10_000, 10, np.random.default_rng(0))
    assert all(len(set(order[i : i + 160] // 10)) <= 16 for i in range(0, 10_000, 160))


def test_rows_are_shuffled_within_and_among_blocks():
    order = shuffled_blocks(10_000, 10, np.random.default_rng(0))
    assert abs(np.corrcoef(order, np.arange(10_000))[0, 1]) < 0.1
    assert (np.diff(order) == 1).mean() < 0.1


def test_rows_in_memory_are_shuffled_freely_and_rows_on_disk_by_blocks(tmp_path: Path):
    rows = {"x": np.zeros((1000, 2**16), np.uint8)}
    free = epoch_order(rows, np.random.default_rng(0))
    np.testing.assert_array_equal(free, np.random.default_rng(0).permutation(1000))
    np.save(tmp_path / "x.npy", rows["x"][:, :1])
    mapped = {"x": np.load(tmp_path / "x.npy", mmap_mode="r+")}
    blocks = epoch_order(mapped, np.random.default_rng(0))
    assert sorted(blocks) == list(range(1000))


@given(n=st.integers(1, 500), size=st.integers(1, 200))
def test_batches_cover_an_order(n: int, size: int):
    found = list(batches(np.arange(n), size))
    assert [len(batch) for batch in found[:-1]] == [size] * (len(found) - 1)
    np.testing.assert_array_equal(np.concatenate(found), np.arange(n))


def test_rows_of_a_file_become_tensors_of_their_own(tmp_path: Path):
    np.save(tmp_path / "x.npy", np.arange(6, dtype=np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    batch = gather({"x": mapped}, np.array([4, 1]))
    batch["x"] += 1
    assert batch["x"].tolist() == [5, 2]
    assert mapped[4] == 4
