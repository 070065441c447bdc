"""Reading ahead keeps order, stays within its budget and passes errors on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.readahead import ReadAhead


def one(item: object) -> int:
    return 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=12),
    st.integers(1, 4),
    st.integers(1, 6),
)
def test_items_come_in_input_order_whatever_the_threads_and_budget(
    counts: list[int], threads: int, budget: int
):
    def read(i: int) -> Iterator[tuple[int, int]]:
        for j in range(counts[i]):
            yield i, j

    expected = [(i, j) for i, n in enumerate(counts) for j in range(n)]
    with ReadAhead(range(len(counts)), read, one, threads, budget) as ahead:
        assert list(ahead) == expected


def test_it_does_not_read_past_its_budget():
    started = []

    def read(i: int) -> Iterator[int]:
        started.append(i)
        yield i

    with ReadAhead(range(100), read, lambda _: 10, threads=2, budget=30) as ahead:
        items = iter(ahead)
        next(items)
        time.sleep(0.1)
        assert len(started) < 10
        assert list(items) == list(range(1, 100))


def test_an_error_is_raised_when_its_turn_comes():
    def read(i: int) -> Iterator[int]:
        if i == 2:
            raise RuntimeError("broken input")
        yield i

    with ReadAhead(range(5), read, one) as ahead:
        items = iter(ahead)
        assert [next(items), next(items)] == [0, 1]
        with pytest.raises(RuntimeError, match="broken input"):
            next(items)


def test_leaving_early_stops_the_threads():
    def read(i: int) -> Iterator[int]:
        yield from range(1000)

    with ReadAhead(range(50), read, one, threads=2, budget=10) as ahead:
        next(iter(ahead))
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("xmodkit-read")]
