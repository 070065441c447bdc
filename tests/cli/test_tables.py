"""The table that people read: scalars with their units, and what is not known said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xmodkit.modality import Field
from xmodkit.store import StoreWriter
from xmodkit_cli.tables import short_table

SCALARS = (Field("atoms", unit="1"), Field("energy", unit="eV/atom"))


def store(path: Path, n: int) -> Path:
    fields = [Field("sample_id", dtype="string"), *SCALARS]
    rows = {
        "sample_id": [f"s{i}" for i in range(n)],
        "atoms": np.full(n, 5, np.float32),
        "energy": np.array([-0.25, *[np.nan] * (n - 1)], np.float32),
    }
    with StoreWriter.create(path, fields) as writer:
        writer.append(rows, keys=rows["sample_id"])
    return path


def test_what_has_a_unit_says_so_and_what_is_not_known_is_none(tmp_path: Path):
    lines = short_table(store(tmp_path / "a.zarr", 2), SCALARS).splitlines()
    assert [line.split() for line in lines] == [
        ["sample", "atoms", "energy", "/", "eV/atom"],
        ["s0", "5.00", "-0.25"],
        ["s1", "5.00", "none"],
    ]


def test_what_does_not_fit_a_screen_is_named(tmp_path: Path):
    path = store(tmp_path / "b.zarr", 15)
    text = short_table(path, (*SCALARS, *SCALARS, *SCALARS, *SCALARS))
    assert text.splitlines()[0].split().count("atoms") == 3
    assert "... and 3 more in the store" in text
    assert text.endswith("not shown: atoms, energy; see the store, or --csv")
