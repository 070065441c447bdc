"""The published sets become samples with structures, spectra and groups; a bad row fails alone."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_xes.modalities import SPECTRA, STRUCTURE
from xmodkit_xes.reading.published import CU_GRID_EV, POSCARS, read_set

pytest.importorskip("ase")

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
POSCAR = """CuO2
1.0
3.0 0.0 0.0
0.0 4.0 0.0
0.0 0.0 5.0
O Cu
1 2
direct
0.5 0.5 0.5 O
0.0 0.0 0.0 Cu
0.0 0.5 0.0 Cu
"""


def water(**changes: object) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {
        "positions": rng.normal(size=(3, 3, 3)),
        "index": np.array([0, 4, 9]),
        "r1": np.ones(3),
        "r2": np.ones(3),
        "angle_deg": np.full(3, 104.5),
    }
    for kind in ("xes", "xas", "xps"):
        arrays[kind] = rng.random((3, 5)).astype(np.float32)
        arrays[f"{kind}_energy_eV"] = np.linspace(500.0, 510.0, 5)
    return arrays | changes


def sulfur() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    arrays = {
        "compound": np.array(["R-thing", "none", "S-thing"]),
        "type": np.array(["Type1", "Type1", "TEST"]),
        "smiles": np.array(["C[C@H](O)S", "", "C[C@@H](O)S"]),
        "has_structure": np.array([True, False, True]),
        "Z": np.array([[16, 6, 8, 0], [0, 0, 0, 0], [16, 6, 0, 0]], np.uint8),
        "pos_A": rng.normal(size=(3, 4, 3)).astype(np.float32),
    }
    for kind in ("xes", "xanes"):
        arrays[kind] = rng.random((3, 6)).astype(np.float32)
        arrays[f"{kind}_energy_eV"] = np.linspace(2445.0, 2480.0, 6)
    return arrays


def copper(folder: Path, site: int = 2) -> dict[str, np.ndarray]:
    with ZipFile(folder / POSCARS, "w") as file:
        file.writestr("mp-1.poscar", POSCAR)
    energy = np.stack([np.linspace(8984.0, 9126.0, 173), np.linspace(8988.0, 9129.0, 173)])
    return {
        "material_id": np.array(["mp-1", "mp-1"]),
        "site": np.array([1, site]),
        "formula": np.array(["Cu2O1", "Cu2O1"]),
        "omega_eV": energy.astype(np.float32),
        "mu": ((energy - 8900.0) / 100.0).astype(np.float32),
    }


def read(folder: Path, arrays: dict[str, np.ndarray]) -> list[Sample | Failure]:
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return list(read_set(path))


def check(samples: list[Sample | Failure]) -> None:
    known = {modality.name: modality for modality in (STRUCTURE, *SPECTRA)}
    for sample in samples:
        assert isinstance(sample, Sample)
        for name, arrays in sample.arrays.items():
            known[name].at(sample.coordinates).check(arrays)


def test_water_has_three_spectra_and_is_its_own_unit(tmp_path: Path) -> None:
    """Every row is a molecule of its own, with the geometry's truth beside it."""
    arrays = water()
    samples = read(tmp_path, arrays)
    check(samples)
    second = samples[1]
    assert second.id == second.groups["unit"] == "h2o-00004"
    assert second.metadata["absorber"] == "O"
    assert second.metadata["angle_deg"] == 104.5
    np.testing.assert_array_equal(second.arrays["xas"]["xas"], arrays["xas"][1])
    assert second.coordinates["xas_energy"] == tuple(arrays["xas_energy_eV"])


def test_sulfur_without_a_structure_is_left_out(tmp_path: Path) -> None:
    """Only rows with a structure are samples, without the padding of their atoms."""
    pytest.importorskip("rdkit")
    samples = read(tmp_path, sulfur())
    check(samples)
    assert [sample.ordinal for sample in samples] == [0, 2]
    assert samples[1].arrays["structure"]["numbers"].tolist() == [16, 6]
    assert samples[1].groups["system"] == "C-S"


def test_stereoisomers_are_one_unit(tmp_path: Path) -> None:
    """One skeleton is one unit, though compounds differ: it never lies on both sides of a split."""
    pytest.importorskip("rdkit")
    first, second = read(tmp_path, sulfur())
    assert first.groups["unit"] == second.groups["unit"]
    assert first.groups["structure"] != second.groups["structure"]


def test_copper_sites_share_their_crystal(tmp_path: Path) -> None:
    """Each site is a sample: the whole crystal with its cell, one absorber, one common grid."""
    samples = read(tmp_path, copper(tmp_path))
    check(samples)
    first, second = samples
    assert first.arrays["structure"]["sites"].tolist() == [1]
    assert second.arrays["structure"]["sites"].tolist() == [2]
    np.testing.assert_allclose(first.arrays["structure"]["cell"], np.diag([3.0, 4.0, 5.0]))
    assert first.groups == {"unit": "Cu2O1", "structure": "mp-1", "system": "Cu-O"}
    assert first.groups == second.groups
    assert first.coordinates["xanes_energy"] == tuple(CU_GRID_EV)


def test_copper_spectra_are_interpolated_linearly_and_their_first_value_held(
    tmp_path: Path,
) -> None:
    """A straight line stays one; what begins after 8985 eV is flat before its beginning."""
    first, second = (item.arrays["xanes"]["xanes"] for item in read(tmp_path, copper(tmp_path)))
    np.testing.assert_allclose(first, (CU_GRID_EV - 8900) / 100, atol=1e-5)
    np.testing.assert_allclose(second, (np.maximum(CU_GRID_EV, 8988) - 8900) / 100, atol=1e-5)


def test_a_site_that_is_another_element_fails_alone(tmp_path: Path) -> None:
    """The row says which material and site; the others are read."""
    good, bad = read(tmp_path, copper(tmp_path, site=0))
    assert isinstance(good, Sample)
    assert isinstance(bad, Failure)
    assert "mp-1: site 0 of 3 atoms is no Cu" in bad.error


def test_copper_without_its_structures_says_where_they_belong(tmp_path: Path) -> None:
    """The archive lies beside the spectra."""
    arrays = copper(tmp_path)
    (tmp_path / POSCARS).unlink()
    for item in read(tmp_path, arrays):
        assert isinstance(item, Failure)
        assert f"keep {POSCARS} beside the spectra" in item.error


def test_another_npz_is_refused_by_its_arrays(tmp_path: Path) -> None:
    """What it holds and what was expected stand on one line."""
    with pytest.raises(InputError, match="arrays a given; those of a published set expected"):
        read(tmp_path, {"a": np.zeros(3)})


def test_arrays_of_unequal_length_are_refused(tmp_path: Path) -> None:
    """A set that was cut off is not read in part."""
    with pytest.raises(InputError, match=r"arrays of \[2, 3\] rows"):
        read(tmp_path, water(r1=np.ones(2)))


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, other and truncated files give one line."""
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"no readable \.npz"):
        list(read_set(path))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    """Objects are never unpickled."""
    with pytest.raises(InputError, match=r"no readable \.npz"):
        read(tmp_path, {"positions": np.array([{}], object)})


def shared(name: str) -> Path:
    path = SHARED / name / "data.npz"
    if not path.is_file():
        pytest.skip(f"the shared data are not here: {path}")
    return path


def test_the_real_sulfur_set_has_molecules_that_come_twice() -> None:
    """359 rows with a structure are 351 skeletons: splits by row would leak."""
    pytest.importorskip("rdkit")
    samples = list(read_set(shared("s_xes_xanes")))
    check(samples)
    assert len(samples) == 359
    assert len({sample.groups["unit"] for sample in samples}) == 351
    assert len(samples[0].coordinates["xes_energy"]) == 1000


def test_the_real_water_set_is_read_whole() -> None:
    """Every row is a sample."""
    samples = list(read_set(shared("h2o")))
    assert len(samples) == 5994
    check(samples[:50])


@pytest.mark.slow
def test_the_real_copper_set_is_read_whole() -> None:
    """Every site is a sample on the common grid."""
    samples = list(read_set(shared("omnixas_cu")))
    check(samples)
    assert len(samples) == 3717
    assert len({sample.groups["structure"] for sample in samples}) == 1767
