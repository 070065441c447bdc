"""Generation gives ranked crystals with a table, CIFs and a picture, at random or between two."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from xmodkit.errors import InputError, ModelFileError, UsageError
from xmodkit.modality import Arrays
from xmodkit.pair import Generation, Route, Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.reading import samples_in_store
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.store import StoreWriter
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.latent import slots_of
from xmodkit_crystal.modalities import CRYSTAL, LATENT, VOXELS
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.reading.arrays import to_crystal

pytest.importorskip("ase")

EXAMPLES = Path(__file__).parents[3] / "examples" / "crystals"
PAIR = CrystalPair()
OXIDES = {"n": 12, "elements": "V,O"}


class FakeEncoder:
    """Encodes as the fake decoder decodes, by the extent of the cell: VO, rutile, corundum."""

    route = Route("crystal", "latent")
    inputs = VOXELS.fields
    outputs = LATENT.fields
    device, identity = "cpu", "fake encoder"

    def run(self, arrays: Arrays, **inputs: np.ndarray) -> Prediction:
        atoms = arrays["species_images"].sum(axis=(1, 2, 3, 4)) / 21  # of an atom's image
        place = np.searchsorted([4, 8], atoms)
        z = np.eye(4)[place]
        slots = [slots_of(set(row.tolist()) - {0}) for row in arrays["species"]]
        return Prediction({"latent": Value(np.concatenate([z, slots], axis=1).astype(np.float32))})


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that the pair takes for the fake encoder."""
    monkeypatch.setattr(CrystalPair, "predictor", lambda *_: FakeEncoder())
    path = tmp_path / "crystal-latent.onnx"
    path.touch()
    return path


@pytest.fixture(scope="module")
def made(fake: type) -> Generation:
    return PAIR.generate(fake(), 1, OXIDES)


def test_samples_hold_latent_and_crystal_and_say_what_the_table_says(made: Generation):
    assert {sample.id for sample in made.samples} == {"001-V2O3", "002-VO2", "003-VO"}
    best = made.samples[0]
    CRYSTAL.check(best.arrays["crystal"])
    LATENT.check(best.arrays["latent"])
    known = best.metadata
    assert (known["formula"], known["space_group"], known["nearest"]) == ("V2O3", "R-3c", "V2O3")
    assert known["stability"] == pytest.approx(0.8)
    assert known["nearest_rms"] < 1e-3
    assert (known["valid"], known["oxidation_sum"], known["novel"]) == (True, 0, False)
    counts = made.counts
    assert counts["drawn"] == 12 == 3 + counts["without a crystal"] + counts["duplicates"]
    assert (counts["with an impossible cell"], counts["that pass the rules"]) == (0, 3)
    assert known["removed"] == 0
    assert "share" not in known  # of two ends: there are none


def test_samples_survive_a_store(made: Generation, tmp_path: Path):
    modalities = held(made.samples[0], [LATENT, CRYSTAL])
    with StoreWriter.create(tmp_path / "s.zarr", sample_columns(modalities)) as writer:
        writer.append(sample_rows(made.samples, modalities))
    back = samples_in_store(tmp_path / "s.zarr", PAIR, Route("latent", "crystal"))
    for sample, found in zip(made.samples, back, strict=True):
        np.testing.assert_array_equal(
            found.arrays["latent"]["latent"], sample.arrays["latent"]["latent"]
        )


def test_the_files_are_a_table_and_a_cif_of_each_which_reads_back(made: Generation, tmp_path: Path):
    assert made.write is not None
    table, *cifs = made.write(tmp_path)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["formula"] for row in rows] == ["V2O3", "VO2", "VO"]
    assert [path.stem for path in cifs] == [row["name"] for row in rows]
    for path, sample in zip(cifs, made.samples, strict=True):
        (found,) = PAIR.read(path, PAIR.route(), {})
        assert isinstance(found, Sample)
        np.testing.assert_allclose(
            found.arrays["crystal"]["fractional"] % 0.999999,
            sample.arrays["crystal"]["fractional"] % 0.999999,
            atol=1e-5,
        )


def test_the_picture_shows_each_of_the_best(made: Generation):
    (picture,) = made.pictures.values()
    assert picture.width > 3 * 250


def test_it_is_latent_to_crystal_that_generates():
    assert PAIR.generating().name == "latent:crystal"


def test_the_same_seed_makes_the_same_crystals(made: Generation, fake: type):
    again = PAIR.generate(fake(), 1, OXIDES)
    for sample, found in zip(made.samples, again.samples, strict=True):
        assert (sample.id, sample.metadata) == (found.id, found.metadata)


def test_between_two_crystals_latents_lead_from_the_first_to_the_second(decoder, encoder: Path):
    """The ends are no candidates; the elements are theirs; they are known crystals too."""
    files = (EXAMPLES / "VO-rocksalt.cif", EXAMPLES / "V2O3-corundum.cif")
    options = {"n": 4, "between": files, "encoder": encoder, "symmetrize": 0.1}
    made = PAIR.generate(decoder, 0, options)
    latents = np.concatenate(decoder.seen)
    shares = np.arange(1, 5) / 5 * np.pi / 2
    np.testing.assert_allclose(latents[:, 0], np.cos(shares), atol=1e-6)
    np.testing.assert_allclose(latents[:, 2], np.sin(shares), atol=1e-6)
    np.testing.assert_array_equal(latents[:, 4:], [[8, 23, 0, 0, 0]] * 4)
    assert [sample.metadata["number"] for sample in made.samples] == [2, 1]
    assert [sample.metadata["share"] for sample in made.samples] == [0.6, 0.4]
    assert made.samples[0].source == "generated between VO-rocksalt and V2O3-corundum"


def test_crystals_of_different_elements_need_elements_named(decoder, encoder: Path):
    files = (EXAMPLES / "VO-rocksalt.cif", EXAMPLES / "SrTiO3-perovskite.cif")
    options = {"n": 2, "between": files, "encoder": encoder}
    with pytest.raises(UsageError, match="different elements"):
        PAIR.generate(decoder, 0, options)
    PAIR.generate(decoder, 0, {**options, "elements": "V,O"})
    assert set(decoder.seen[-1][0, 4:].tolist()) == {8, 23, 0}


def test_the_encoder_lies_beside_the_decoder_or_is_named(decoder, tmp_path: Path, encoder: Path):
    files = (EXAMPLES / "VO-rocksalt.cif", EXAMPLES / "VO2-rutile.cif")
    with pytest.raises(UsageError, match="--between needs --encoder"):
        PAIR.generate(decoder, 0, {"n": 1, "between": files})
    decoder.file = SimpleNamespace(path=tmp_path / "latent-crystal.onnx")
    assert PAIR.generate(decoder, 0, {"n": 1, "between": files}).samples
    encoder.unlink()
    with pytest.raises(UsageError, match=r"crystal-latent\.onnx: no such file"):
        PAIR.generate(decoder, 0, {"n": 1, "between": files})


def test_an_encoder_of_another_training_or_route_is_refused(
    decoder, encoder: Path, monkeypatch: pytest.MonkeyPatch
):
    files = (EXAMPLES / "VO-rocksalt.cif", EXAMPLES / "VO2-rutile.cif")
    options = {"n": 1, "between": files, "encoder": encoder}
    other = SimpleNamespace(training={"seed": 5}, condition={})
    monkeypatch.setattr(FakeEncoder, "metadata", other, raising=False)
    with pytest.raises(UsageError, match="another training"):
        PAIR.generate(decoder, 0, options)
    monkeypatch.setattr(FakeEncoder, "route", Route("latent", "stability"))
    with pytest.raises(ModelFileError, match="crystal:latent expected"):
        PAIR.generate(decoder, 0, options)


def test_known_crystals_of_a_folder_are_looked_up_too(decoder, tmp_path: Path):
    (tmp_path / "mine.cif").write_text((EXAMPLES / "VO-rocksalt.cif").read_text())
    (tmp_path / "broken.cif").write_text("data_nothing")
    made = PAIR.generate(decoder, 0, {**OXIDES, "n": 3, "known": tmp_path})
    assert made.samples
    with pytest.raises(UsageError, match="no such file or folder"):
        PAIR.generate(decoder, 0, {**OXIDES, "known": tmp_path / "none"})
    (tmp_path / "mine.cif").unlink()
    with pytest.raises(UsageError, match="holds no crystal"):
        PAIR.generate(decoder, 0, {**OXIDES, "known": tmp_path})


def test_a_model_of_another_route_or_a_broken_end_is_refused(
    decoder, encoder: Path, tmp_path: Path
):
    broken = tmp_path / "broken.cif"
    broken.write_text("data_nothing")
    options = {"between": (broken, EXAMPLES / "V2O5.cif"), "encoder": encoder}
    with pytest.raises(InputError, match=r"broken\.cif"):
        PAIR.generate(decoder, 0, options)
    decoder.route = Route("latent", "stability")
    with pytest.raises(UsageError, match="latent:crystal expected"):
        PAIR.generate(decoder, 0, OXIDES)


def test_where_every_latent_decodes_to_nothing_it_is_said_what_each_was(decoder):
    one = {"species": [2], "weight": [1], "middle": [[0]], "axes": [[[0]]]}
    told = {"mean": [0, 0, 0, 9], "basis": [[0, 0, 0, 0]], **one}
    decoder.details = {"latents": told, "elements": ["V", "O"]}
    with pytest.raises(InputError, match=r"of 3 latents 3 hold no crystal, and 0 one in a cell"):
        PAIR.generate(decoder, 0, {"n": 3})


def test_crystals_of_other_elements_than_the_model_s_get_cells_of_their_own(fake: type):
    """The fake decodes to V and O: its usual elements stay as they are, others change in size."""
    usual, other = (
        {
            one.metadata["formula"]: one.metadata["volume"]
            for one in PAIR.generate(fake({"elements": names}), 1, {**OXIDES, "n": 5}).samples
        }
        for names in (["V", "O"], ["Na", "Cl"])
    )
    assert usual.keys() == other.keys()
    for formula, volume in usual.items():
        assert 0.01 < abs(other[formula] / volume - 1) < 0.25


def test_symmetrized_crystals_are_said_to_be_so(decoder, monkeypatch: pytest.MonkeyPatch):
    """The space group is that of the atoms themselves then, without any tolerance."""
    said = []
    drawn = lambda rows, crystals, made: said.append(made)  # noqa: E731
    monkeypatch.setattr("xmodkit_crystal.generate.generate.draw_best", drawn)
    made = PAIR.generate(decoder, 1, {**OXIDES, "n": 5, "symmetrize": 0.2})
    found = {s.metadata["formula"]: to_crystal(s.arrays["crystal"]) for s in made.samples}
    assert space_group(found["VO2"], 1e-4).symbol == "P4_2/mnm"
    assert "symmetrized within 0.2 A" in said[0]


def test_what_lies_between_ends_of_other_elements_is_scaled(decoder, encoder: Path):
    """Of ends that have the elements themselves, the volumes stay as they are decoded."""
    names = ("VO-rocksalt", "SrTiO3-perovskite"), ("VO-rocksalt", "V2O3-corundum")
    volumes = []
    for pair in names:
        files = tuple(EXAMPLES / f"{name}.cif" for name in pair)
        options = {"n": 1, "between": files, "encoder": encoder, "elements": "V,O"}
        volumes.append(PAIR.generate(decoder, 0, options).samples[0].metadata["volume"])
    assert volumes[0] != pytest.approx(volumes[1], rel=1e-3)
