"""What `ingest` reads becomes a store that training can read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.ingest import IngestJob, ingest
from xmodkit.inputs import find_inputs
from xmodkit.output import OutputPaths
from xmodkit.pair import Failure
from xmodkit.reading import samples_in_store
from xmodkit_xes.pair import Xes
from xmodkit_xes.reading.raw import read_raw

pytest.importorskip("ase")
pytest.importorskip("rdkit")


def sulfur(path: Path) -> None:
    rng = np.random.default_rng(1)
    arrays = {
        "compound": np.array(["thiol", "sulfide"]),
        "type": np.array(["Type1", "Type1"]),
        "smiles": np.array(["CS", "S"]),
        "has_structure": np.array([True, True]),
        "Z": np.array([[16, 6, 1, 1, 1, 1], [16, 1, 1, 0, 0, 0]], np.uint8),
        "pos_A": rng.normal(size=(2, 6, 3)).astype(np.float32),
        "xes": rng.random((2, 6)).astype(np.float32),
        "xanes": rng.random((2, 7)).astype(np.float32),
        "xes_energy_eV": np.linspace(2445.0, 2480.0, 6),
        "xanes_energy_eV": np.linspace(2467.0, 2498.0, 7),
    }
    np.savez(path, **arrays)


def test_a_set_with_conformers_goes_into_a_store_and_comes_back(tmp_path: Path) -> None:
    """Ragged atoms, conformers, energies, groups and metadata survive."""
    sulfur(tmp_path / "data.npz")
    pair = Xes()
    inputs = find_inputs([tmp_path / "data.npz"], pair.raw_suffixes)
    job = IngestJob(pair, inputs, OutputPaths.at(tmp_path / "s.zarr"), {"conformers": 2})
    done = ingest(job)
    assert (done.out, done.failed) == (2, 0)
    given = list(read_raw([tmp_path / "data.npz"], {"conformers": 2}))
    route = pair.route("structure:xes")
    back = list(samples_in_store(tmp_path / "s.zarr", pair, route, every_modality=True))
    for sample, found in zip(given, back, strict=True):
        assert not isinstance(sample, Failure)
        assert found.id == sample.id
        assert found.groups == sample.groups
        assert found.metadata == sample.metadata
        assert found.coordinates["xes_energy"] == sample.coordinates["xes_energy"]
        for name, arrays in sample.arrays.items():
            for field, array in arrays.items():
                np.testing.assert_array_equal(found.arrays[name][field], array)


def test_a_broken_set_is_one_failure(tmp_path: Path) -> None:
    """It names the file, and the next one is read."""
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    sulfur(tmp_path / "good.npz")
    items = list(read_raw(sorted(tmp_path.iterdir()), {}))
    assert [isinstance(item, Failure) for item in items] == [True, False, False]
    assert "bad.npz" in items[0].error  # type: ignore[union-attr]
