"""Files of crystals become samples, whatever their format; bad ones one clear line each."""

from __future__ import annotations

import csv
import gzip
import time
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.pair import Failure, Sample
from xmodkit.structures.elements import symbol
from xmodkit_crystal.convert import crystal_from, to_pymatgen
from xmodkit_crystal.modalities import CRYSTAL
from xmodkit_crystal.reading.crystals import read_crystals, to_arrays, to_crystal
from xmodkit_crystal.structure import Crystal

pytest.importorskip("ase")

DATA = Path(__file__).parents[4] / "shared" / "data"
PEROV5 = DATA / "perov_5" / "structures.csv.gz"
POSCARS = DATA / "omnixas_cu" / "poscar.zip"

# Rutile VO2: one V and one O, and the symmetry that makes six atoms of them.
RUTILE = """data_VO2
_symmetry_space_group_name_H-M 'P 42/m n m'
_cell_length_a 4.5546
_cell_length_b 4.5546
_cell_length_c 2.8514
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
V1 0 0 0 1
O1 .3001 .3001 0 1
"""
POSCAR = """rutile
1.0
4.5546 0 0
0 4.5546 0
0 0 2.8514
V O
2 4
direct
0 0 0
.5 .5 .5
.3001 .3001 0
.6999 .6999 0
.1999 .8001 .5
.8001 .1999 .5
"""
EXTENDED = '2\nLattice="{}" Properties=species:S:1:pos:R:3 pbc="{}"\n{} 0 0 0\nO {} 2 2\n'
GOOD = EXTENDED.format("4 0 0 0 4 0 0 0 4", "T T T", "V", "2")


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(path: Path) -> Crystal:
    (sample,) = read_crystals(path)
    assert isinstance(sample, Sample), sample.error
    CRYSTAL.check(sample.arrays["crystal"])
    return to_crystal(sample.arrays["crystal"])


def assert_same(one: Crystal, other: Crystal, atol: float = 1e-5) -> None:
    """Compare cells by their metric, and atoms in their order, modulo lattice vectors."""
    assert one.numbers.tolist() == other.numbers.tolist()
    np.testing.assert_allclose(one.cell @ one.cell.T, other.cell @ other.cell.T, atol=20 * atol)
    apart = one.fractional - other.fractional
    np.testing.assert_allclose(apart - np.rint(apart), 0, atol=atol)


def by_number_and_place(crystal: Crystal) -> Crystal:
    places = np.round(crystal.fractional, 4) % 1.0
    order = np.lexsort((*places.T, crystal.numbers))
    return Crystal(crystal.numbers[order], crystal.fractional[order], crystal.cell)


def test_rutile_is_the_same_from_cif_with_symmetry_and_from_poscar(tmp_path: Path):
    of_cif = read(written(tmp_path, "rutile.cif", RUTILE))
    of_poscar = read(written(tmp_path, "CONTCAR", POSCAR))
    assert len(of_cif) == 6
    assert_same(by_number_and_place(of_cif), by_number_and_place(of_poscar))


@pytest.mark.parametrize("suffix", ["extxyz", "xsf", "gen", "traj", "res", "vasp", "cif"])
def test_what_ase_writes_is_read_back(tmp_path: Path, suffix: str):
    from ase import Atoms
    from ase.io import write

    rutile = read(written(tmp_path, "POSCAR", POSCAR))
    atoms = Atoms(
        numbers=rutile.numbers, scaled_positions=rutile.fractional, cell=rutile.cell, pbc=True
    )
    write(tmp_path / f"rutile.{suffix}", atoms)
    assert_same(read(tmp_path / f"rutile.{suffix}"), rutile, atol=2e-4)


def test_a_sample_says_its_formula_and_belongs_to_it(tmp_path: Path):
    (sample,) = read_crystals(written(tmp_path, "rutile.cif", RUTILE))
    assert isinstance(sample, Sample)
    assert (sample.id, sample.source) == ("rutile", str(tmp_path / "rutile.cif"))
    assert sample.metadata["formula"] == sample.groups["formula"] == "VO2"
    assert sample.metadata["atoms"] == 6


def test_positions_lie_within_the_cell(tmp_path: Path):
    text = RUTILE.replace("V1 0 0 0", "V1 -0.0000000000000000001 1 -3")
    fractional = read(written(tmp_path, "out.cif", text)).fractional
    assert fractional.min() >= 0
    assert fractional.max() < 1


def test_every_block_and_every_frame_is_a_sample_and_bad_ones_stop_no_other(tmp_path: Path):
    half = RUTILE.replace("O1 .3001 .3001 0 1", "O1 .3001 .3001 0 .5")
    blocks = read_crystals(written(tmp_path, "many.cif", "\n".join([RUTILE, half, RUTILE])))
    kinds = [(item.id, isinstance(item, Sample)) for item in blocks]
    assert kinds == [("many-000", True), ("many-001", False), ("many-002", True)]
    frames = [
        GOOD,
        EXTENDED.format("4 0 0 0 4 0 0 0 4", "T T F", "V", "2"),
        GOOD,
        EXTENDED.format("4 0 0 0 4 0 0 0 4", "T T T", "Qq", "2"),
        GOOD,
        EXTENDED.format("4 0 0 0 4 0 0 0 4", "T T T", "V", "nan"),
        GOOD,
    ]
    found = list(read_crystals(written(tmp_path, "many.extxyz", "".join(frames))))
    assert [isinstance(item, Sample) for item in found] == [i % 2 == 0 for i in range(7)]
    for place, said in ((1, "repeats in 2 of 3 directions"), (3, "'Qq'"), (5, "NaN")):
        assert said in found[place].error
        assert f"many.extxyz, frame {place}: " in found[place].error


def crowd(atoms: int) -> str:
    """Return an extended xyz file of atoms 3 Angstrom apart along a."""
    rows = "".join(f"V {3 * i} 0 0\n" for i in range(atoms))
    return f'{atoms}\nLattice="{3 * atoms} 0 0 0 3 0 0 0 3"\n{rows}'


HOSTILE = {
    "empty.cif": ("", "an empty file"),
    "prose.cif": ("hello\nworld\n", "no readable CIF"),
    "header.cif": (RUTILE.partition("loop_")[0], "no atoms in it"),
    "half.cif": (RUTILE.replace("0 1\nO1", "0 .5\nO1"), "partial occupancy: 2 of 6 sites"),
    "alloy.cif": (RUTILE.replace("V1 0 0 0 1", "V1 0 0 0 .5\nTi1 0 0 0 .5"), "partial occupancy"),
    "disorder.cif": (RUTILE + "O2 .32 .32 0 1\n", "disorder: sites 2 (O) and 6 (O) lie 0.13 A"),
    "twice.cif": (RUTILE + "V2 0 0 0 1\n", "disorder: sites 0 (V) and 6 (V) lie 0.00 A"),
    "flat.cif": (RUTILE.replace("c 2.8514", "c 0"), "unit cell of volume 0"),
    "thin.cif": (RUTILE.replace("c 2.8514", "c 0.1"), "flat or nearly so"),
    "impossible.cif": (RUTILE.replace("alpha 90", "alpha 179"), "unit cell"),
    "dense.cif": (RUTILE.replace("4.5546", "1.2"), "A^3 of unit cell per atom given, 1 to 1000"),
    "vast.cif": (RUTILE.replace("4.5546", "900"), "A^3 of unit cell per atom given, 1 to 1000"),
    "endless.cif": (RUTILE.replace("4.5546", "1e300"), "is the cell in Angstrom"),
    "nan.cif": (
        RUTILE.replace("O1 .3001", "O1 nan"),
        "_atom_site_fract_x 'nan' of atom 1 given, a num",
    ),
    "nancell.cif": (RUTILE.replace("c 2.8514", "c nan"), "NaN or infinite values in the unit cell"),
    "unknown.cif": (RUTILE.replace("V1", "Xx1"), "unknown element 'Xx'"),
    "cut.cif": (RUTILE[:-8], "no readable CIF: cut off, or none at all"),
    "molecule.xyz": ("2\n\nO 0 0 0\nH 0 0 1\n", "no unit cell given; a crystal"),
    "none.xyz": ("0\n\n", "at least one"),
    "crowd.extxyz": (crowd(1001), "1,001 atoms given, 1,000 at most; give the primitive cell"),
    "huge.extxyz": ("10000000\n\nV 0 0 0\n", "200,000 at most; give the primitive cell"),
    "nan.vasp": (POSCAR.replace(".5 .5 .5", "nan .5 .5"), "NaN or infinite position of atom 1"),
    "nancell.vasp": (
        POSCAR.replace("0 0 2.8514", "0 0 nan"),
        "NaN or infinite values in the unit cell",
    ),
    "unknown.vasp": (POSCAR.replace("V O", "Xx O"), "unknown element 'Xx'"),
    "binary.cif": ("\x00\x01\x02", "binary data given"),
    "rubbish.cif": ("\x01\xfe\x07)~\x1b[2J\n" * 500, "no readable CIF"),
    "rubbish.extxyz": ("\x01\xfe\x07)~\x1b[2J\n" * 500, "the number of atoms expected"),
    "rubbish.vasp": ("\x01\xfe\x07)~\x1b[2J\n" * 500, "counts of atoms expected"),
    "rubbish.traj": ("\x01\xfe\x07)~\x1b[2J\n" * 500, "no readable traj file"),
    "rubbish.what": ("\x01\xfe\x07)~\x1b[2J\n" * 500, "no structure in a format known here"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_failure_with_one_clear_line(tmp_path: Path, name: str):
    text, said = HOSTILE[name]
    path = written(tmp_path, name, text)
    (failure,) = read_crystals(path)
    assert isinstance(failure, Failure)
    assert failure.error.startswith(f"{path}: ")
    assert said in failure.error
    assert len(failure.error.splitlines()) == 1
    assert len(failure.error) < len(str(path)) + 300


@pytest.mark.parametrize(
    ("formula", "notices"),
    [
        ("V1 O2", ["no O among its sites, but in its formula, 'V1 O2': is the file cut off?"]),
        ("V1 H4", []),
        ("VO2", []),
        ("V", []),
    ],
)
def test_a_file_that_lacks_an_element_of_its_formula_is_read_with_a_notice(
    tmp_path: Path, formula: str, notices: list[str]
):
    text = RUTILE.partition("O1")[0].replace("loop_", f"_chemical_formula_sum '{formula}'\nloop_")
    (sample,) = read_crystals(written(tmp_path, "short.cif", text))
    assert list(sample.notices) == notices


def test_a_thousand_atoms_are_read(tmp_path: Path):
    assert len(read(written(tmp_path, "many.extxyz", crowd(1000)))) == 1000


@pytest.mark.parametrize("suffix", ["cif", "vasp", "xsf"])
def test_a_file_of_200_mb_is_refused_before_it_is_read(tmp_path: Path, suffix: str):
    path = written(tmp_path, f"big.{suffix}", POSCAR + "\n" * 5000)
    with path.open("r+b") as file:
        file.truncate(200_000_000)  # takes no room on the disk
    started = time.perf_counter()
    (failure,) = read_crystals(path)
    assert time.perf_counter() - started < 1.0
    assert "200,000,000 bytes given, 50,000,000 at most" in failure.error


def test_padding_is_no_part_of_a_crystal(tmp_path: Path):
    crystal = read(written(tmp_path, "POSCAR", POSCAR))
    arrays = to_arrays(crystal)
    padded = {
        "numbers": np.append(arrays["numbers"], np.zeros(3, np.int32)),
        "fractional": np.vstack([arrays["fractional"], np.zeros((3, 3), np.float32)]),
        "cell": arrays["cell"],
    }
    assert_same(to_crystal(padded), crystal, atol=0)


@st.composite
def crystals(draw: st.DrawFn) -> Crystal:
    """Draw a triclinic cell with atoms near some points of a 3 x 3 x 3 grid."""
    from ase.geometry import cellpar_to_cell

    lengths = draw(st.tuples(*[st.floats(3.5, 10)] * 3))
    angles = draw(st.tuples(*[st.floats(70, 110)] * 3))
    places = draw(st.sets(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=8))
    element = st.sampled_from([1, 6, 8, 23, 29, 50, 57, 92])
    numbers = draw(st.lists(element, min_size=len(places), max_size=len(places)))
    shift = draw(st.tuples(*[st.floats(-1, 1)] * 3))
    fractional = (np.array(sorted(places)) / 3 + shift) % 1.0
    return Crystal(np.array(numbers), fractional, cellpar_to_cell([*lengths, *angles]))


def cif(crystal: Crystal) -> str:
    parameters = (*crystal.lengths, *crystal.angles)
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    head = (f"_cell_{name} {x:.9f}" for name, x in zip(names, parameters, strict=True))
    columns = ("type_symbol", "fract_x", "fract_y", "fract_z")
    atoms = (
        f"{symbol(number)} {x:.9f} {y:.9f} {z:.9f}"
        for number, (x, y, z) in zip(crystal.numbers, crystal.fractional, strict=True)
    )
    loop = ("loop_", *(f"_atom_site_{name}" for name in columns))
    return "\n".join(("data_x", *head, *loop, *atoms, ""))


@settings(max_examples=40, deadline=None)
@given(crystals())
def test_a_crystal_survives_cif_and_pymatgens_cif(
    tmp_path_factory: pytest.TempPathFactory, crystal: Crystal
):
    pytest.importorskip("pymatgen")
    from pymatgen.io.cif import CifWriter

    folder = tmp_path_factory.mktemp("cif")
    once = read(written(folder, "once.cif", cif(crystal)))
    assert_same(once, crystal)
    twice = read(written(folder, "twice.cif", str(CifWriter(to_pymatgen(once)))))
    assert_same(twice, crystal)


@pytest.mark.skipif(not PEROV5.is_file(), reason="../shared/data/perov_5 is absent")
def test_perovskites_are_read_as_pymatgen_reads_them(tmp_path: Path):
    structure = pytest.importorskip("pymatgen.core.structure").Structure
    with gzip.open(PEROV5, "rt") as file:
        texts = [row["cif"] for row in islice(csv.DictReader(file), 30)]
    for text in texts:
        ours = read(written(tmp_path, "perovskite.cif", text))
        theirs = crystal_from(structure.from_str(text, fmt="cif"))
        assert_same(by_number_and_place(ours), by_number_and_place(theirs))


@pytest.mark.skipif(not POSCARS.is_file(), reason="../shared/data/omnixas_cu is absent")
def test_crystals_of_the_copper_set_are_read_as_pymatgen_reads_them(tmp_path: Path):
    structure = pytest.importorskip("pymatgen.core.structure").Structure
    with ZipFile(POSCARS) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()[:30]]
    for text in texts:
        ours = read(written(tmp_path, "crystal.poscar", text))
        assert_same(ours, crystal_from(structure.from_str(text, fmt="poscar")))
