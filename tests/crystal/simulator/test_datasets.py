"""Published sets become samples; rows that cannot be read fail alone."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from io import StringIO
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_crystal.modalities import CRYSTAL
from xmodkit_crystal.simulator.datasets import read_omnixas, read_perov5

pytest.importorskip("ase")

DATA = Path(__file__).parents[4] / "shared" / "data"
CIF = """data_VO
_cell_length_a   4.0
_cell_length_b   4.0
_cell_length_c   5.0
_cell_angle_alpha   90.0
_cell_angle_beta   90.0
_cell_angle_gamma   120.0
_symmetry_Int_Tables_number   1
loop_
 _symmetry_equiv_pos_site_id
 _symmetry_equiv_pos_as_xyz
  1  'x, y, z'
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_symmetry_multiplicity
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
  V  V0  1  0.0  0.1  -0.0  1
  O  O1  1  0.5  0.5  0.5  1
"""


def table(path: Path, *cifs: str) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["material_id", "cif", "formula", "heat_all", "dir_gap"])
        writer.writerows([str(i), cif, "OV", "-0.5", "1.25"] for i, cif in enumerate(cifs))
    return path


def test_rows_of_perov5_are_crystals_with_their_energies(tmp_path: Path) -> None:
    (sample,) = read_perov5(table(tmp_path / "set.csv", CIF))
    assert isinstance(sample, Sample)
    CRYSTAL.check(sample.arrays["crystal"])
    assert sample.arrays["crystal"]["numbers"].tolist() == [23, 8]
    np.testing.assert_allclose(sample.arrays["crystal"]["fractional"][0], [0, 0.1, 0])
    assert (sample.metadata["heat_all"], sample.metadata["dir_gap"]) == (-0.5, 1.25)
    assert sample.groups["formula"] == sample.metadata["formula"] == "VO"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5  0.5  0.5  1", "0.5  0.5  0.5  0.9"),
        ("_symmetry_Int_Tables_number   1", "_symmetry_Int_Tables_number   2"),
        ("_cell_length_a   4.0", "_cell_length_a   no"),
        ("_cell_length_b   4.0\n", ""),
        ("  V  V0", "  Xq  V0"),
        ("_cell_angle_gamma   120.0", "_cell_angle_gamma   0.0"),
    ],
)
def test_a_row_that_is_broken_fails_alone(tmp_path: Path, old: str, new: str) -> None:
    items = list(read_perov5(table(tmp_path / "set.csv", CIF.replace(old, new), CIF)))
    assert [type(item) for item in items] == [Failure, Sample]
    assert isinstance(items[0], Failure)
    assert "perov-0" in items[0].error
    assert "\n" not in items[0].error


def test_what_is_no_table_or_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("a,b\n1,2\n")
    (tmp_path / "set.zip").write_text("no archive")
    (tmp_path / "set.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="no column cif, formula, heat_all"):
        list(read_perov5(tmp_path / "set.csv"))
    with pytest.raises(InputError, match="no readable table"):
        list(read_perov5(tmp_path / "set.csv.gz"))
    with pytest.raises(InputError, match="no readable archive"):
        list(read_omnixas(tmp_path / "set.zip"))


def test_poscars_of_an_archive_are_crystals(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("mp-2.poscar", "junk\n")
        archive.writestr(
            "mp-1.poscar", "x\n1.0\n3 0 0\n0 3 0\n0 0 3\nCu O\n1 1\ndirect\n0 0 0\n.5 .5 .5\n"
        )
    good, bad = read_omnixas(tmp_path / "set.zip")
    assert isinstance(good, Sample)
    assert good.id == "mp-1"
    assert good.groups["formula"] == "CuO"
    assert isinstance(bad, Failure)
    assert "mp-2" in bad.error


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent")
def test_the_fast_reader_of_perov5_reads_what_ase_does() -> None:
    read = pytest.importorskip("ase.io").read
    path = DATA / "perov_5" / "structures.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        rows = list(islice(csv.DictReader(file), 20))
    for row, sample in zip(rows, read_perov5(path), strict=False):
        assert isinstance(sample, Sample)
        atoms = read(StringIO(row["cif"]), format="cif")
        arrays = sample.arrays["crystal"]
        np.testing.assert_array_equal(arrays["numbers"], atoms.numbers)
        np.testing.assert_allclose(arrays["cell"], np.asarray(atoms.cell), atol=1e-5)
        apart = arrays["fractional"] - atoms.get_scaled_positions()
        np.testing.assert_allclose(apart, np.rint(apart), atol=1e-6)
        assert sample.metadata["heat_all"] == float(row["heat_all"])


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent")
def test_the_first_of_the_copper_crystals_are_read() -> None:
    samples = list(islice(read_omnixas(DATA / "omnixas_cu" / "poscar.zip"), 30))
    assert Counter(type(sample) for sample in samples) == {Sample: 30}
    assert all(29 in sample.arrays["crystal"]["numbers"] for sample in samples)  # type: ignore[union-attr]
