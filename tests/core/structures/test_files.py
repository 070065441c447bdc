"""Files of structures become frames and samples for whoever reads them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.pair import Failure, Sample
from xmodkit.structures.checks import check_frame
from xmodkit.structures.files import STRUCTURE_SUFFIXES, read_frames, read_samples
from xmodkit.structures.frame import Frame
from xmodkit.structures.purpose import Purpose

PURPOSE = Purpose("rocks", "break it", most_bytes=2000)
ROCK = Frame(np.array([11, 17]), np.array([[0.0, 0, 0], [2.8, 0, 0]]), np.diag([5.6, 4, 4]))
CIF = (
    "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
    "_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
)
POSCAR = "c\n1.0\n4 0 0\n0 4 0\n0 0 4\nCu\n1\ndirect\n0 0 0\n"
MOLFILE = "water\n\n\n  1  0  0\n    0.0000    0.0000    0.0000 O   0  0\nM  END\n$$$$\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def sample(frame: Frame, key: str, number: int) -> Sample:
    if 1 in frame.numbers:
        raise InputError("hydrogen is no rock")
    return Sample(key, {"rock": {"numbers": frame.numbers}}, ordinal=number)


def test_what_is_made_of_each_frame_is_yielded_and_refusals_are_failures(tmp_path: Path):
    path = written(
        tmp_path, "rocks.xyz", "1\n\nC 0 0 0\n1\n\nH 0 0 0\n1\n\nQq 0 0 0\n1\n\nSi 0 0 0"
    )
    first, second, third, last = read_samples(path, PURPOSE, sample)
    assert isinstance(first, Sample)
    assert isinstance(last, Sample)
    assert (first.id, last.id, last.ordinal) == ("rocks-000", "rocks-003", 3)
    assert last.arrays["rock"]["numbers"].tolist() == [14]
    assert isinstance(second, Failure)
    assert second.error == f"{path}, frame 1: hydrogen is no rock"
    assert isinstance(third, Failure)
    assert "unknown element 'Qq'" in third.error


def test_a_poscar_needs_no_suffix_and_is_named_after_its_folder(tmp_path: Path):
    pytest.importorskip("ase")
    (found,) = read_samples(written(tmp_path, "CONTCAR", POSCAR), PURPOSE, sample)
    assert found.id == f"{tmp_path.name}-CONTCAR"
    assert {"poscar", "contcar", ".cif", ".extxyz", ".xsf"} <= set(STRUCTURE_SUFFIXES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.cif", CIF + "Cu 0 0 0 1\n"),
        ("a.vasp", POSCAR),
        ("a.sdf", MOLFILE),
        ("a.xsf", "CRYSTAL\n"),
        ("a.what", "?"),
    ],
)
def test_without_ase_the_extra_of_whoever_reads_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
):
    for module in [each for each in sys.modules if each.partition(".")[0] == "ase"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "ase", None)
    with pytest.raises(MissingExtraError, match=r"needs ase.*pip install 'xmodkit\[rocks\]'"):
        list(read_frames(written(tmp_path, name, text), PURPOSE))


def test_without_scipy_the_extra_of_whoever_checks_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial", None)
    with pytest.raises(MissingExtraError, match=r"needs scipy.*pip install 'xmodkit\[rocks\]'"):
        check_frame(ROCK, PURPOSE)


def test_an_xyz_file_is_read_without_any_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ase", None)
    (frame,) = read_frames(written(tmp_path, "a.xyz", "1\n\nC 0 0 0\n"), PURPOSE)
    assert isinstance(frame, Frame)
    assert frame.numbers.tolist() == [6]


def test_too_many_atoms_are_answered_with_the_advice_of_whoever_reads(tmp_path: Path):
    (error,) = read_frames(written(tmp_path, "a.xyz", "200001\n\n"), PURPOSE)
    assert str(error) == "200,001 atoms given, 200,000 at most; break it"


@pytest.mark.parametrize("name", ["a.cif", "a.vasp", "a.xsf"])
def test_files_that_are_read_as_a_whole_are_limited_in_size(tmp_path: Path, name: str):
    pytest.importorskip("ase")
    (error,) = read_frames(written(tmp_path, name, POSCAR + "\n" * 2000), PURPOSE)
    assert "bytes given, 2,000 at most" in str(error)


def test_sites_that_several_species_share_are_counted(tmp_path: Path):
    pytest.importorskip("ase")
    text = CIF + "Cu1 0 0 0 .7\nZn1 0 0 0 .3\nS1 .5 .5 .5 1\nO1 .5 0 0 .5\n"
    (frame,) = read_frames(written(tmp_path, "a.cif", text), PURPOSE)
    assert isinstance(frame, Frame)
    assert (sorted(frame.numbers.tolist()), frame.shared) == ([8, 16, 29], 2)


def test_rock_salt_passes_the_checks():
    check_frame(ROCK, PURPOSE)
