"""Structure types are what their names say: space group, atoms, neutral, sensible bonds."""

from __future__ import annotations

import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.convert import to_pymatgen
from xmodkit_crystal.simulator.known import KNOWN, REFERENCES
from xmodkit_crystal.simulator.prototypes import PROTOTYPES, Prototype
from xmodkit_crystal.simulator.prototypes.prototype import cubic, prototype

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")

EVERY = {entry.name: entry for entry in PROTOTYPES}
PHASES = {entry.name: entry for entry in KNOWN}
LATTICE_POINTS = {"P": 1, "C": 2, "I": 2, "F": 4, "R": 1}  # of a conventional cell; hR: of its own

# Types of which pymatgen's copy of the AFLOW library has a structure.
IN_AFLOW = (
    *("rocksalt", "CsCl", "zincblende", "wurtzite", "NiAs", "litharge", "massicot", "MnP", "TlI"),
    *("NbO", "WC", "beta-BeO", "fluorite", "pyrite", "cuprite", "rutile", "CdI2", "molybdenite"),
    *("quartz", "cristobalite", "marcasite", "cotunnite", "CaCl2", "baddeleyite", "LiCoO2"),
    *("chalcopyrite", "CaCuO2", "corundum", "A-La2O3", "tetradymite", "ReO3", "BiF3", "BiI3"),
    *("perovskite", "ilmenite", "LiNbO3", "spinel", "hausmannite", "K2NiF4", "zircon"),
)


def check(entry: Prototype) -> None:
    crystal, atoms = entry.crystal, int(entry.pearson[2:])
    assert space_group(crystal, 1e-3).number == int(entry.space_group.partition(":")[0])
    assert len(crystal) == atoms // LATTICE_POINTS[entry.pearson[1]]
    charges = [entry.ions[kind - 1].charge for kind in entry.sites.numbers]
    assert sum(charges) == 0
    assert judge(crystal).valid


@pytest.mark.parametrize("name", EVERY)
def test_a_type_has_its_space_group_and_its_atoms(name: str) -> None:
    """Spglib finds the group by itself; the Pearson symbol counts atoms; charges sum to zero."""
    check(EVERY[name])
    assert len(EVERY[name].crystal) <= 20


@pytest.mark.parametrize("name", PHASES)
def test_a_known_phase_is_one_too_and_has_a_reference(name: str) -> None:
    check(PHASES[name])
    assert REFERENCES[name]


@pytest.mark.parametrize("name", EVERY)
def test_bonds_are_as_long_as_ions_ask(name: str) -> None:
    """The nearest of each cation's anions lies within a third of the sum of covalent radii."""
    entry = EVERY[name]
    charges = np.array([entry.ions[kind - 1].charge for kind in entry.sites.numbers])
    radii = covalent_radii()[entry.crystal.numbers]
    ratio = separations(entry.crystal) / (radii[:, None] + radii)
    nearest = ratio[np.ix_(charges > 0, charges < 0)].min(axis=1)
    assert ((nearest > 0.7) & (nearest < 1.35)).all(), nearest


@pytest.mark.parametrize("name", EVERY)
def test_symmetry_takes_atoms_to_atoms_of_their_kind(name: str) -> None:
    """Each operation permutes the atoms, and no rotation changes volumes."""
    symmetry = EVERY[name].symmetry
    kinds = EVERY[name].sites.numbers
    assert (np.sort(symmetry.images, axis=1) == np.arange(len(kinds))).all()
    assert (kinds[symmetry.images] == kinds).all()
    np.testing.assert_allclose(np.abs(np.linalg.det(symmetry.rotations)), 1)


def test_names_are_unique() -> None:
    assert len(EVERY) == len(PROTOTYPES) >= 60


@pytest.mark.slow
def test_types_agree_with_the_aflow_library() -> None:
    """Positions typed here and those of an independent collection describe the same crystals."""
    library = pytest.importorskip("pymatgen.analysis.prototypes").AFLOW_PROTOTYPE_LIBRARY
    matcher = pytest.importorskip("pymatgen.analysis.structure_matcher").StructureMatcher(
        ltol=0.2, stol=0.3, angle_tol=5
    )
    known: dict[tuple[str, str], list[object]] = {}
    for entry in library:
        structure, number = entry["snl"].structure, entry["tags"]["aflow"].split("_")[2]
        formula = structure.composition.anonymized_formula
        known.setdefault((number, formula), []).append(structure)
    for name in IN_AFLOW:
        structure = to_pymatgen(EVERY[name].crystal)
        number = EVERY[name].space_group.partition(":")[0]
        candidates = known[number, structure.composition.anonymized_formula]
        assert any(matcher.fit_anonymous(structure, other) for other in candidates), name


def test_a_space_group_that_is_none_is_refused() -> None:
    wrong = prototype("x", "", "cP1", "231", cubic(3.0), "V2+ 0 0 0")
    with pytest.raises(DataError, match=r"no space group '231'.*227:2"):
        _ = wrong.sites
