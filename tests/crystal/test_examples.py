"""The example crystals are read back as the phases that they are named after."""

from __future__ import annotations

import pytest

from xmodkit.pair import Sample
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.reading.arrays import to_crystal

pytest.importorskip("ase")
pytest.importorskip("spglib")

GROUPS = {
    "SrTiO3-perovskite": ("Pm-3m", 5),
    "V2O3-corundum": ("R-3c", 30),
    "V2O5": ("Pmmn", 14),
    "VO-rocksalt": ("Fm-3m", 8),
    "VO2-rutile": ("P4_2/mnm", 6),
}


@pytest.fixture(scope="module")
def crystals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    pair = CrystalPair()
    paths = pair.examples(tmp_path_factory.mktemp("examples"))
    assert sum(path.stat().st_size for path in paths) < 20_000
    found = {path.stem: list(pair.read(path, pair.route(), {})) for path in paths}
    assert all(len(samples) == 1 for samples in found.values())
    return {name: samples[0] for name, samples in found.items()}


def test_each_has_the_space_group_and_the_atoms_of_its_conventional_cell(
    crystals: dict[str, Sample],
):
    from xmodkit_crystal.chemistry.symmetry import space_group

    assert crystals.keys() == GROUPS.keys()
    for name, sample in crystals.items():
        crystal = to_crystal(sample.arrays["crystal"])
        assert (space_group(crystal, 0.01).symbol, len(crystal)) == GROUPS[name]


def test_the_oxides_of_vanadium_are_the_known_phases(crystals: dict[str, Sample]):
    pytest.importorskip("pymatgen")
    from xmodkit_crystal.chemistry.matching import match
    from xmodkit_crystal.simulator.known import known_crystals

    phases = {"VO-rocksalt": "VO", "VO2-rutile": "VO2(R)", "V2O3-corundum": "V2O3", "V2O5": "V2O5"}
    for name, phase in phases.items():
        crystal = to_crystal(crystals[name].arrays["crystal"])
        assert match(crystal, known_crystals()[phase]) == pytest.approx(0, abs=1e-4)


def test_models_take_each_example_that_fits_their_images(crystals: dict[str, Sample]):
    """V2O5 has an edge of 11.5 A: models that take longer edges see it too."""
    pair = CrystalPair(longest_edge=12.0)
    for sample in crystals.values():
        (row,) = pair.encode(sample, pair.route("crystal:latent"), {})
        assert row["cell_image"].max() == pytest.approx(1)
