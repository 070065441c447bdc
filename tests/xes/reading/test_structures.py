"""Files of structures become samples, whatever their format; bad ones one clear line each."""

from __future__ import annotations

import time
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.pair import Failure, Sample
from xmodkit_xes.modalities import STRUCTURE
from xmodkit_xes.reading.absorbers import Absorber
from xmodkit_xes.reading.structures import read_structures

pytest.importorskip("ase")

EXAMPLES = Path(__file__).parents[3] / "examples" / "structures"
POSCARS = Path(__file__).parents[4] / "shared" / "data" / "omnixas_cu" / "poscar.zip"

H2S = "3\nhydrogen sulfide\nS 0 0 0\nH 0 0 1.34\nH 1.34 0 0.05\n"
CELL = "c\n1.0\n4 0 0\n0 4 0\n0 0 4\n"


def read(path: Path, absorber: str = "S") -> list[Sample | Failure]:
    return list(read_structures(path, Absorber.parse(absorber)))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_example_is_read_and_fits_its_modality(path: Path):
    absorber = {"cu2o": "Cu", "cuo": "Cu", "copper": "Cu", "water": "O"}.get(path.stem, "S")
    found = read(path, absorber)
    assert found
    for sample in found:
        assert isinstance(sample, Sample), sample.error
        STRUCTURE.check(sample.arrays["structure"])


@pytest.mark.parametrize(
    ("name", "atoms", "sites"), [("cu2o", 6, 4), ("cuo", 8, 4), ("cus", 12, 6)]
)
def test_every_matching_site_of_a_crystal_absorbs(name: str, atoms: int, sites: int):
    (sample,) = read(EXAMPLES / f"{name}.cif", "Cu")
    assert sample.arrays["structure"]["numbers"].shape == (atoms,)
    assert (sample.arrays["structure"]["numbers"] == 29).sum() == sites
    assert len(sample.arrays["structure"]["sites"]) == sites
    assert sample.arrays["structure"]["cell"].any(axis=1).all()


def test_symmetry_of_a_cif_gives_the_atoms_that_ase_gives(tmp_path: Path):
    from ase.io import read as ase_read

    text = (
        "data_fluorite\n_cell_length_a 5.46\n_cell_length_b 5.46\n_cell_length_c 5.46\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
        "_symmetry_space_group_name_H-M 'F m -3 m'\nloop_\n_atom_site_label\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nCa1 0 0 0\nF1 .25 .25 .25\n"
    )
    path = written(tmp_path, "caf2.cif", text)
    (sample,) = read(path, "Ca")
    structure = sample.arrays["structure"]
    expected = ase_read(path)
    assert len(structure["numbers"]) == len(expected) == 12

    def sorted_rows(numbers: np.ndarray, positions: np.ndarray) -> np.ndarray:
        rows = np.column_stack([numbers, np.round(positions % 5.46, 3) % 5.46])
        return rows[np.lexsort(rows.T)]

    np.testing.assert_allclose(
        sorted_rows(structure["numbers"], structure["positions"]),
        sorted_rows(expected.numbers, expected.positions),
        atol=1e-3,
    )


def test_of_shared_sites_the_most_frequent_species_is_taken_with_a_notice(tmp_path: Path):
    text = (
        "data_alloy\n_cell_length_a 3\n_cell_length_b 3\n_cell_length_c 3\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
        "_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
        "Zn1 0 0 0 0.3\nCu1 0 0 0 0.7\nS1 .5 .5 .5 1\n"
    )
    (sample,) = read(written(tmp_path, "alloy.cif", text))
    assert sorted(sample.arrays["structure"]["numbers"]) == [16, 29]
    assert "partly occupied" in sample.notices[0]


def test_frames_of_one_file_are_numbered_samples(tmp_path: Path):
    found = read(written(tmp_path, "many.xyz", H2S * 200))
    assert [sample.id for sample in found] == [f"many-{i:03d}" for i in range(200)]
    assert [sample.ordinal for sample in found] == list(range(200))


def test_a_lone_frame_has_the_name_of_its_file(tmp_path: Path):
    assert [s.id for s in read(written(tmp_path, "alone.xyz", H2S + "\n\n"))] == ["alone"]


def test_a_poscar_without_suffix_is_named_after_its_folder(tmp_path: Path):
    text = CELL + "Cu S\n1 1\ndirect\n0 0 0\n.5 .5 .5\n"
    (sample,) = read(written(tmp_path, "POSCAR", text))
    assert sample.id == f"{tmp_path.name}-POSCAR"


def test_one_bad_frame_does_not_stop_the_others(tmp_path: Path):
    frames = [
        H2S,
        H2S.replace("3\n", "4\n", 1),  # cut short
        H2S,
        H2S.replace("3\n", "2\n", 1),  # longer than declared
        H2S,
        H2S.replace("1.34 0", "nan 0"),
        H2S,
        H2S.replace("H 0", "Qq 0", 1),
        H2S,
        "2\nno absorber\nH 0 0 0\nH 0 0 0.74\n",
        H2S,
    ]
    found = read(written(tmp_path, "mixed.xyz", "".join(frames)))
    assert [isinstance(item, Sample) for item in found] == [i % 2 == 0 for i in range(11)]
    for place, said in (
        (1, "4 atoms declared, 3 given"),
        (3, "2 atoms declared, and more"),
        (5, "NaN"),
        (7, "unknown element 'Qq'"),
        (9, "no S to absorb; it holds H 2"),
    ):
        assert said in found[place].error
        assert f"mixed.xyz, frame {place}" in found[place].error
        assert "\n" not in found[place].error


def test_columns_cell_and_directions_of_an_extended_file_are_taken_from_its_comment(tmp_path: Path):
    text = (
        '2\nenergy=-1.5 Lattice="4 0 0 0 5 0 0 0 20" Properties=id:I:1:species:S:1:pos:R:3:q:R:1 '
        'pbc="T T F"\n1 S 0.1 0.2 0.3 9\n2 Cu 2.0 2.5 0.4 9\n'
    )
    (sample,) = read(written(tmp_path, "slab.extxyz", text))
    structure = sample.arrays["structure"]
    assert structure["numbers"].tolist() == [16, 29]
    np.testing.assert_allclose(structure["positions"][1], [2.0, 2.5, 0.4])
    assert structure["cell"].tolist() == [[4, 0, 0], [0, 5, 0], [0, 0, 0]]


def test_symbols_may_be_numbers_labels_or_capitals(tmp_path: Path):
    text = "4\n\n16 0 0 0\nCU2 0 0 2.3\nh1 1.3 0 0\nD -1.3 0 0\n"
    (sample,) = read(written(tmp_path, "labels.xyz", text))
    assert sample.arrays["structure"]["numbers"].tolist() == [16, 29, 1, 1]


def shared(atom: str) -> str:
    """Return a CIF of one atom, given with its occupancy."""
    return (
        "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
        f"_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n{atom}\n"
    )


CIF = (
    "data_x\n_cell_length_a 0\n_cell_length_b 0\n_cell_length_c 3\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
    "_atom_site_fract_y\n_atom_site_fract_z\nS1 0 0 0\n"
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.xyz", "", "an empty file"),
        ("blank.xyz", "\n\n", "no structure in it"),
        ("prose.xyz", "hello\nworld\n", "the number of atoms expected"),
        ("binary.cif", "\x00\x01 no", "binary data given"),
        ("binary.vasp", "\x00\x01 no", "binary data given"),
        ("binary.pdb", "\x00\x01 no", "binary data given"),
        ("long.cif", CIF.replace("a 0", "a 1e300"), "at most 100000 A expected; is the cell"),
        ("long.vasp", CELL.replace("4 0 0", "4e99 0 0") + "S\n1\ndirect\n0 0 0\n", "is the cell"),
        ("share.cif", shared("S1 0 0 0 7"), "occupancy 7 of atom 0 given, 0 to 1"),
        ("minus.cif", shared("S1 0 0 0 -1"), "occupancy -1 of atom 0"),
        ("nobody.cif", shared("S1 0 0 0 0"), "0 atoms given; at least one"),
        ("prose.mol", "hello\nworld\n", "counts of atoms"),
        ("prose.traj", "hello", "no readable traj file"),
        ("prose.what", "hello", "no structure in a format known here"),
        ("overlap.xyz", "2\n\nS 0 0 0\nH 0 0 0.3\n", "atoms 0 (S) and 1 (H) overlap: 0.30 A"),
        ("close.xyz", "2\n\nS 0 0 0\nCu 0 0 1.0\n", "1.00 A apart, at least 1.19 A"),
        ("nan.xyz", "2\n\nS 0 0 0\nH 0 0 nan\n", "NaN or infinite position of atom 1"),
        ("far.xyz", "2\n\nS 0 0 0\nH 0 0 1e30\n", "positions in Angstrom?"),
        ("dummy.xyz", "2\n\nS 0 0 0\nX 0 0 2\n", "unknown element 'X'"),
        ("huge.xyz", "10000000\n\nS 0 0 0\n", "10,000,000 atoms given, 200,000 at most"),
        ("zero.xyz", "0\n\n", "at least one"),
        ("flat.vasp", CELL.replace("0 4 0", "8 0 0") + "S\n1\ndirect\n0 0 0\n", "cell of volume 0"),
        ("none.cif", CIF, "unit cell of volume 0"),
        ("huge.vasp", CELL + "Cu S\n9000000 1000000\ndirect\n", "10,000,000 atoms given"),
        ("old.vasp", CELL + "1 1\ndirect\n0 0 0\n.5 .5 .5\n", "name the elements"),
        (
            "self.vasp",
            CELL.replace("0 0 4", "0 0 1") + "S\n1\ndirect\n0 0 0\n",
            "its copy in the next cell overlap: 1.00 A",
        ),
        ("pbc.xyz", '1\nLattice="4 0 0 0 4 0 0 0 0"\nS 0 0 0\n', "unit cell of volume 0"),
        ("words.xyz", '1\nLattice="4 0 zero"\nS 0 0 0\n', "nine numbers expected"),
    ],
)
def test_a_hostile_file_is_one_failure_with_one_clear_line(
    tmp_path: Path, name: str, text: str, said: str
):
    path = written(tmp_path, name, text)
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert said in failure.error
    assert failure.error.startswith(str(path))
    assert "\n" not in failure.error


def test_ten_million_atoms_are_refused_before_they_are_read(tmp_path: Path):
    path = tmp_path / "ten_million.xyz"
    with path.open("w") as file:
        file.write("10000000\n\n")
        for _ in range(100):
            file.write("S 0.0 0.0 0.0\n" * 20_000)
    started = time.perf_counter()
    (failure,) = read(path)
    assert time.perf_counter() - started < 0.5
    assert "10,000,000 atoms" in failure.error


@pytest.mark.parametrize("suffix", ["xyz", "sdf", "vasp", "cif", "pdb"])
def test_a_huge_file_without_lines_is_refused_before_it_fills_the_memory(
    tmp_path: Path, suffix: str
):
    path = tmp_path / f"sparse.{suffix}"
    with path.open("wb") as file:
        file.truncate(4_000_000_000)  # takes no room on the disk
    started = time.perf_counter()
    (failure,) = read(path)
    assert time.perf_counter() - started < 0.5
    assert "binary data given" in failure.error


def test_a_record_and_a_header_of_endless_lines_are_refused(tmp_path: Path):
    text = "S 0 0 0 " * 200_000
    (failure,) = read(written(tmp_path, "endless.vasp", text))
    assert "line 7" in failure.error
    (failure,) = read(written(tmp_path, "endless.sdf", text))
    assert "line 4 of the record" in failure.error
    assert all(len(line) < 300 for line in (failure.error,))


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path):
    path = tmp_path / "bom.xyz"
    path.write_text(H2S, encoding="utf-8-sig")
    (sample,) = read(path)
    assert isinstance(sample, Sample)


def test_a_file_whose_name_has_two_lines_fails_with_one(tmp_path: Path):
    (failure,) = read(written(tmp_path, "two\nlines.xyz", H2S.replace("1.34 0", "nan 0")))
    assert "\n" not in failure.error
    assert "two\\nlines.xyz" in failure.error


def test_a_folder_named_as_a_file_says_so(tmp_path: Path):
    (tmp_path / "x.cif").mkdir()
    (failure,) = read(tmp_path / "x.cif")
    assert "x.cif: cannot be read (Is a directory)" in failure.error


def test_an_atom_of_no_occupancy_is_left_out(tmp_path: Path):
    (sample,) = read(written(tmp_path, "a.cif", shared("S1 0 0 0 1\nZn1 .5 .5 .5 0")))
    assert sample.arrays["structure"]["numbers"].tolist() == [16]


def test_a_drawing_without_depth_is_refused(tmp_path: Path):
    lines = (EXAMPLES / "two_molecules.sdf").read_text().splitlines()
    lines[1] = lines[1][:20] + "2D" + lines[1][22:]
    found = read(written(tmp_path, "flat.sdf", "\n".join(lines) + "\n"))
    assert "drawn flat (2D)" in found[0].error
    assert isinstance(found[1], Sample)


@given(
    st.lists(
        st.tuples(st.sampled_from(["H", "C", "Cu"]), *[st.integers(-9, 9)] * 3),
        min_size=1,
        max_size=20,
        unique_by=lambda atom: atom[1:],
    )
)
def test_what_is_written_as_xyz_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, atoms: list[tuple[str, int, int, int]]
):
    rows = [f"{name} {3 * x} {3 * y} {3 * z}" for name, x, y, z in atoms]
    rows.append("S 100 100 100")
    path = tmp_path_factory.mktemp("xyz") / "a.xyz"
    (sample,) = read(written(path.parent, path.name, f"{len(rows)}\n\n" + "\n".join(rows)))
    expected = [[3 * x, 3 * y, 3 * z] for _, x, y, z in atoms]
    np.testing.assert_array_equal(sample.arrays["structure"]["positions"][:-1], expected)
    assert sample.arrays["structure"]["sites"].tolist() == [len(atoms)]


def test_crystals_of_the_copper_set_are_read(tmp_path: Path):
    if not POSCARS.is_file():
        pytest.skip("../shared/data/omnixas_cu is absent")
    with ZipFile(POSCARS) as archive:
        for name in archive.namelist()[:100]:
            archive.extract(name, tmp_path)
    for path in tmp_path.iterdir():
        (sample,) = read(path, "Cu")
        assert isinstance(sample, Sample), sample.error
