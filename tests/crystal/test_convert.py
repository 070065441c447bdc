"""Crystals of other libraries become ours and theirs again; what is no crystal is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import InputError, MissingExtraError
from xmodkit_crystal.convert import crystal_from, to_atoms, to_pymatgen
from xmodkit_crystal.structure import Crystal

# Rocksalt VO, primitive, one atom outside of the cell.
VO = Crystal(
    np.array([23, 8]),
    np.array([[0.0, 0, 0], [0.5, 0.5, -0.5]]),
    np.array([[0.0, 2.03, 2.03], [2.03, 0, 2.03], [2.03, 2.03, 0]]),
)
SHARED_CIF = (
    "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
    "_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
    "V1 0 0 0 .7\nTi1 0 0 0 .3\nO1 .5 .5 .5 1\n"
)


def assert_vo(crystal: Crystal) -> None:
    assert crystal.numbers.tolist() == [23, 8]
    np.testing.assert_allclose(crystal.fractional, [[0, 0, 0], [0.5, 0.5, 0.5]], atol=1e-12)
    np.testing.assert_allclose(crystal.cell, VO.cell, atol=1e-12)


def test_a_crystal_is_given_back_with_its_atoms_in_the_cell():
    pytest.importorskip("scipy")
    assert_vo(crystal_from(VO))


def test_pymatgen_structures_there_and_back():
    pytest.importorskip("pymatgen")
    structure = to_pymatgen(VO)
    assert structure.formula == "V1 O1"
    assert structure.volume == pytest.approx(VO.volume)
    assert_vo(crystal_from(structure))


def test_ase_atoms_there_and_back():
    pytest.importorskip("ase")
    atoms = to_atoms(VO)
    assert atoms.get_chemical_formula() == "OV"
    assert atoms.pbc.all()
    np.testing.assert_allclose(atoms.positions, VO.cartesian)
    assert_vo(crystal_from(atoms))


def test_oxidation_states_and_isotopes_of_pymatgen_are_elements():
    core = pytest.importorskip("pymatgen.core.structure")
    crystal = crystal_from(core.Structure(np.eye(3) * 4, ["V4+", "D"], [[0, 0, 0], [0.5, 0.5, 0]]))
    assert crystal.numbers.tolist() == [23, 1]


@pytest.mark.parametrize(
    ("species", "said"),
    [
        ([{"V": 0.5, "Ti": 0.5}, "O"], "partial occupancy: 1 of 2 sites"),
        ([{"V": 0.5}, "O"], "partial occupancy: 1 of 2 sites"),
        (["X", "O"], "atom 0 is of no known element"),
    ],
)
def test_structures_without_one_element_on_each_site_are_refused(species: list, said: str):
    core = pytest.importorskip("pymatgen.core.structure")
    structure = core.Structure(np.eye(3) * 4, species, [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InputError, match=said):
        crystal_from(structure)


def test_atoms_that_ase_read_of_shared_sites_are_refused(tmp_path: Path):
    io = pytest.importorskip("ase.io")
    path = tmp_path / "shared.cif"
    path.write_text(SHARED_CIF)
    with pytest.raises(InputError, match="partial occupancy: 1 of 2 sites"):
        crystal_from(io.read(path))
    path.write_text(SHARED_CIF.replace(".7", "1").replace("Ti1 0 0 0 .3\n", ""))
    assert len(crystal_from(io.read(path))) == 2


def test_molecules_slabs_and_empty_cells_are_refused():
    ase = pytest.importorskip("ase")
    with pytest.raises(InputError, match="no unit cell"):
        crystal_from(ase.Atoms("CO", [[0, 0, 0], [0, 0, 1.1]]))
    with pytest.raises(InputError, match="repeats in 2 of 3 directions"):
        crystal_from(ase.Atoms("V", [[0, 0, 0]], cell=[3, 3, 20], pbc=[True, True, False]))
    with pytest.raises(InputError, match="0 atoms given"):
        crystal_from(ase.Atoms(cell=[3, 3, 3], pbc=True))


def test_molecules_and_slabs_of_pymatgen_are_refused():
    core = pytest.importorskip("pymatgen.core.structure")
    lattice = pytest.importorskip("pymatgen.core.lattice").Lattice
    with pytest.raises(InputError, match="Molecule given; a pymatgen Structure"):
        crystal_from(core.Molecule(["C", "O"], [[0, 0, 0], [0, 0, 1.1]]))
    layer = lattice(np.diag([3.0, 3.0, 20.0]), pbc=(True, True, False))
    with pytest.raises(InputError, match="repeats in 2 of 3 directions"):
        crystal_from(core.Structure(layer, ["V"], [[0, 0, 0]]))


@pytest.mark.parametrize("given", [None, 3, "a.cif", np.zeros((3, 3)), {"numbers": [1]}])
def test_anything_else_is_refused(given: object):
    with pytest.raises(InputError, match=f"{type(given).__name__} given; a pymatgen Structure"):
        crystal_from(given)


@pytest.mark.parametrize(("library", "convert"), [("pymatgen", to_pymatgen), ("ase", to_atoms)])
def test_an_absent_library_is_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, convert
):
    for module in [each for each in sys.modules if each.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library}.*pip install 'xmodkit\[crystal\]'"):
        convert(VO)
