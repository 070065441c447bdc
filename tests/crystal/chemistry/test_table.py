"""The table says of each crystal what a chemist asks first."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.table import row, shortest_distances, write_csv
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")
pytest.importorskip("pymatgen")


def test_distances_are_the_shortest_of_each_two_species() -> None:
    found = shortest_distances(known_crystals()["VO"])
    assert found == pytest.approx({"O-V": 4.093 / 2, "O-O": 4.093 / 2**0.5, "V-V": 4.093 / 2**0.5})


def test_formulas_name_metals_first() -> None:
    assert reduced_formula(known_crystals()["V2O3"].numbers) == "V2O3"
    assert reduced_formula(known_crystals()["VO"].numbers) == "VO"


def test_a_table_is_read_back_with_all_that_is_known(tmp_path: Path) -> None:
    """What is not known stays empty."""
    rows = [
        row(
            "a",
            known_crystals()["VO2(R)"],
            stability=0.25,
            novelty=1.5,
            nearest="x",
            nearest_rms=0.1,
            share=0.1,
            removed=2,
            scaled=1.25,
        ),
        row("b", known_crystals()["VO"]),
    ]
    write_csv(rows, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["formula"], first["space_group"], first["valid"]) == ("VO2", "P4_2/mnm", "yes")
    assert first["oxidation_sum"] == "0"
    assert float(first["volume (A^3)"]) == pytest.approx(4.5546**2 * 2.8514, abs=1e-3)
    assert (first["stability"], first["nearest"], second["stability"]) == ("0.2500", "x", "")
    assert float(first["O-V (A)"]) == pytest.approx(1.92, abs=0.02)
    assert (first["share"], first["removed"], first["scaled"]) == ("0.1", "2", "1.25")
    assert (second["share"], second["removed"], second["scaled"]) == ("", "0", "1")
    assert second["reasons"] == ""


def test_elements_without_electronegativity_are_tabulated_without_warnings() -> None:
    rutherfordium = Crystal(np.array([104, 8]), np.array([[0, 0, 0], [0.5] * 3]), 4 * np.eye(3))
    assert row("a", rutherfordium).formula == "RfO"
