"""Rows whose every value follows from their number, so that any store can be checked against it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xmodkit.modality import Axis, Field
from xmodkit.store import StoreReader, arrays

ENERGY = Axis("energy", 4, "eV", (1.0, 1.5, 2.0, 2.5))
FIELDS = (
    Field("sample_id", dtype="string"),
    Field("absorption", (ENERGY,), unit="1", long_name="absorption"),
    Field("positions", (Axis("atom", pad=True), Axis("xyz", 3)), "float64", unit="nm"),
    Field("scan", (Axis("y"), Axis("x"), Axis("channel", 3)), "uint8", unit="count"),
    Field("novel", dtype="bool"),
)


def row(number: int) -> dict[str, Any]:
    """Return the row of that number, ragged fields at their true extents."""
    random = np.random.default_rng(number)
    atoms, y, x = number % 7, 1 + number % 5, 1 + number % 20
    return {
        "sample_id": f"Probe \u00e9 {number}" + "!" * (number % 3),
        "absorption": random.random(4, np.float32),
        "positions": random.random((atoms, 3)),
        "scan": random.integers(0, 256, (y, x, 3), np.uint8),
        "novel": number % 2 == 0,
    }


def rows(first: int, count: int) -> dict[str, list[Any]]:
    """Return `count` consecutive rows as `append` takes them."""
    each = [row(number) for number in range(first, first + count)]
    return {field.name: [values[field.name] for values in each] for field in FIELDS}


def keys(first: int, count: int) -> list[str]:
    """Return the keys of some rows."""
    return [f"key {number}" for number in range(first, first + count)]


def check(reader: StoreReader) -> int:
    """Assert that a store holds rows 0, 1, 2 ... exactly, and return how many."""
    number = 0
    for number, sample in enumerate(reader.samples(), 1):
        for name, value in row(number - 1).items():
            np.testing.assert_array_equal(sample[name], value)
    assert number == len(reader)
    return number


def same_fields(found: Iterable[Field]) -> bool:
    """Tell whether fields are the known ones (a NaN fill equals no other)."""
    return [field.to_json() for field in found] == [field.to_json() for field in FIELDS]


class Rows:
    """The functions above, for tests to use."""

    fields = FIELDS
    row = staticmethod(row)
    rows = staticmethod(rows)
    keys = staticmethod(keys)
    check = staticmethod(check)
    same_fields = staticmethod(same_fields)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Skip the flushes that only matter when the machine itself fails, which no test can cause."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(os, "fdatasync", lambda _: None, raising=False)
        yield


@pytest.fixture
def known() -> Rows:
    """Return fields, and rows of them that follow from their number."""
    return Rows()


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let eight rows fill a shard."""
    monkeypatch.setattr(arrays, "MAX_SHARD_ROWS", 8)
    return 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store can be made."""
    return tmp_path / "store.zarr"
