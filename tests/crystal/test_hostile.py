"""Whole runs of `xmod infer` over crystals: hostile files, equal crystals, there and back."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xmodkit.errors import PluginError
from xmodkit.pair import Sample
from xmodkit.predictor import ModelPredictor
from xmodkit.store import StoreReader
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.reading.arrays import to_arrays
from xmodkit_crystal.structure import Crystal

for _library in ("ase", "pymatgen", "scipy", "spglib"):
    pytest.importorskip(_library)

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"
GOOD = ("VO2-rutile.cif", "V2O5.cif")
CUBE = ((4.0, 4.0, 4.0), (90.0, 90.0, 90.0))

Site = tuple[str, float, float, float, float]


@dataclass(frozen=True)
class Ran:
    """What one call gave: its exit code, its summary, its lines on stderr."""

    code: int
    summary: Mapping[str, Any]
    errors: list[str]


@pytest.fixture
def infer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Return a function that runs `xmod infer` as people do, in a fresh folder."""
    from xmodkit_cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Ran:
        given = ["xmod", "infer", "--plugin", "crystal", "--json", "--pictures", 0, *args]
        monkeypatch.setattr(sys, "argv", [str(arg) for arg in given])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        lines = [line for line in printed.err.splitlines() if not line.startswith("note: ")]
        assert "Traceback" not in printed.err
        return Ran(int(ended.value.code or 0), json.loads(printed.out), lines)

    return run


# Hostile files


def cif(
    sites: Sequence[Site],
    lengths: tuple[float, ...] = CUBE[0],
    angles: tuple[float, ...] = CUBE[1],
) -> str:
    """Return a CIF without symmetry: each site an element, x, y, z and its occupancy."""
    cell = [f"_cell_length_{axis} {a}" for axis, a in zip("abc", lengths, strict=True)]
    cell += [
        f"_cell_angle_{name} {a}"
        for name, a in zip(("alpha", "beta", "gamma"), angles, strict=True)
    ]
    columns = ("type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")
    loop = ["loop_", *(f"_atom_site_{name}" for name in columns)]
    rows = [" ".join(map(str, site)) for site in sites]
    return "\n".join(["data_x", *cell, *loop, *rows, ""])


def crowd() -> str:
    """Return 500 atoms of which no smaller cell can be cut."""
    rng = np.random.default_rng(0)
    places = np.stack(np.unravel_index(np.arange(500), (8, 8, 8)), axis=1) / 8
    places += rng.uniform(-0.01, 0.01, places.shape)
    return cif([("V", x, y, z, 1) for x, y, z in places.round(5).tolist()], (20.0, 20.0, 20.0))


SALT: list[Site] = [("V", 0, 0, 0, 1), ("O", 0.5, 0.5, 0.5, 1)]
HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "partial.cif": (lambda: cif([*SALT[:1], ("O", 0.5, 0.5, 0.5, 0.5)]), "partial occupancy"),
    "shared.cif": (
        lambda: cif([("V", 0, 0, 0, 0.5), ("Ti", 0, 0, 0, 0.5), *SALT[1:]]), "partial occupancy"
    ),
    "disorder.cif": (lambda: cif([*SALT, ("O", 0.55, 0.5, 0.5, 1)]), "disorder"),
    "flat.cif": (lambda: cif(SALT, angles=(120.0, 120.0, 120.0)), "flat or nearly so"),
    "crowd.cif": (crowd, "500 atoms in the primitive cell, at most 20"),
    "nothing.cif": (lambda: cif([]), "0 atoms given"),
    "nan.cif": (lambda: cif([*SALT[:1], ("O", 0.5, float("nan"), 0.5, 1)]), "'nan' of atom 1"),
    "long.cif": (lambda: cif(SALT, (4.0, 4.0, 14.0)), "14.00 A, at most 13.5 A"),
    "six.cif": (
        lambda: cif(
            [(name, i / 6, 0.5, 0.5, 1) for i, name in enumerate(("V", "O", "N", "F", "S", "Ti"))],
            (13.0, 4.0, 4.1),
        ),
        "6 species, at most 5",
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of two good crystals and of many bad ones."""
    folder = tmp_path / "cifs"
    folder.mkdir()
    for name in GOOD:
        (folder / name).write_bytes((EXAMPLES / name).read_bytes())
    for name, (text, _) in HOSTILE.items():
        (folder / name).write_text(text())
    with (folder / "big.cif").open("wb") as file:
        file.write(b"data_big\n" + b"# a line of text\n" * 400)
        file.truncate(200 * 2**20)  # sparse: no room is taken
    return folder


def test_bad_crystals_fail_alone_on_one_clear_line_each(
    infer: Callable[..., Ran], folder: Path, tiny_models: Mapping[str, Path]
) -> None:
    ran = infer(folder, "--model", tiny_models["crystal:latent"], "-o", "out")
    said = {name: reason for name, (_, reason) in HOSTILE.items()}
    said["big.cif"] = "209,715,200 bytes given"
    assert (ran.code, ran.summary["out"], ran.summary["failed"]) == (3, len(GOOD), len(said))
    logged = [json.loads(line) for line in Path("out/failed.jsonl").read_text().splitlines()]
    failures = {Path(failure["source"]).name: failure["error"] for failure in logged}
    assert set(failures) == set(said)
    for name, reason in said.items():
        assert reason in failures[name]
        assert failures[name].startswith(f"{folder}/{name}: ")
        assert [line for line in ran.errors if f"/{name}" in line] == [failures[name]]
    ids = set(StoreReader(Path("out/store.zarr")).read("sample_id").tolist())
    assert ids == {Path(name).stem for name in GOOD}


# Equal crystals


def described(crystal: Crystal, seed: int) -> Crystal:
    """Return the same crystal: repeated, in another setting, turned, shifted and shuffled."""
    rng = np.random.default_rng(seed)
    by = int(rng.integers(1, 3))
    shifts = np.arange(by)[:, None] * np.eye(3)[rng.integers(3)]
    change = np.diag(np.where(shifts.any(axis=0), by, 1))
    fractional = (crystal.fractional[None] + shifts[:, None]).reshape(-1, 3)
    fractional = fractional @ np.linalg.inv(change)
    sheared = np.eye(3, dtype=int)
    i, j = rng.permutation(3)[:2]
    sheared[i, j] = rng.choice([-1, 1])
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    order = rng.permutation(len(fractional))
    return Crystal(
        np.tile(crystal.numbers, by)[order],
        np.mod(fractional @ np.linalg.inv(sheared) + rng.random(3), 1)[order],
        sheared @ change @ crystal.cell @ turn,
    )


def latents(predictor: ModelPredictor, crystals: Sequence[Crystal]) -> np.ndarray:
    """Return the latents of crystals as `infer` finds them."""
    pair = CrystalPair().configured({}, predictor)
    route = pair.route("crystal:latent")
    samples = [Sample("x", {"crystal": to_arrays(crystal)}) for crystal in crystals]
    rows = [pair.encode(sample, route, {})[0] for sample in samples]
    found = predictor.run({name: np.stack([row[name] for row in rows]) for name in rows[0]})
    return found.fields["latent"].value


@pytest.fixture(scope="module", params=["tiny", "shipped"])
def models(request: pytest.FixtureRequest) -> Mapping[str, Path]:
    """Return model files by route: the tiny ones, then those that are shipped."""
    if request.param == "tiny":
        found: Mapping[str, Path] = request.getfixturevalue("tiny_models")
        return found
    pair = CrystalPair()
    try:
        return {route.name: pair.model_file(route, {}) for route in pair.routes}
    except PluginError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def to_latent(models: Mapping[str, Path]) -> ModelPredictor:
    """Return a predictor of latents."""
    return ModelPredictor(models["crystal:latent"], "cpu")


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10_000), phase=st.sampled_from(["VO", "VO2(R)", "V2O3", "V2O5"]))
def test_a_crystals_latent_does_not_depend_on_how_it_is_described(
    to_latent: ModelPredictor, seed: int, phase: str
) -> None:
    from xmodkit_crystal.simulator.known import known_crystals

    crystal = known_crystals()[phase]
    one, other = latents(to_latent, [crystal, described(crystal, seed)])
    assert np.abs(one - other).max() <= 1e-4
    strained = Crystal(crystal.numbers, crystal.fractional, 1.01 * crystal.cell)
    assert np.abs(latents(to_latent, [strained])[0] - one).max() > 1e-3


# There and back


def test_a_stored_latent_becomes_the_very_crystal_that_the_images_do(
    infer: Callable[..., Ran], models: Mapping[str, Path]
) -> None:
    sources = [EXAMPLES / name for name in GOOD]
    for route, inputs in (
        ("crystal:latent", sources),
        ("crystal:crystal", sources),
        ("latent:crystal", ["crystal-latent/store.zarr"]),
    ):
        out = route.replace(":", "-")
        ran = infer(*inputs, "--route", route, "--model", models[route], "-o", out)
        assert (ran.code, ran.summary["out"]) == (0, len(GOOD)), ran.errors
    written = [
        {path.name: path.read_text() for path in Path(out, "cifs").glob("*.cif")}
        for out in ("crystal-crystal", "latent-crystal")
    ]
    assert set(written[0]) == set(GOOD)
    bare = [
        {
            name: text.partition("\n")[2]
            for name, text in texts.items()
            if text.startswith("# source")
        }
        for texts in written
    ]
    assert bare[0] == bare[1]
    assert set(bare[0]) == set(GOOD)


def test_what_comes_back_matches_what_went_in(
    infer: Callable[..., Ran], tiny_models: Mapping[str, Path]
) -> None:
    from xmodkit_crystal.chemistry.matching import Tolerances, match
    from xmodkit_crystal.reading.crystals import read_crystals, to_crystal

    route = "crystal:crystal"
    infer(EXAMPLES, "--route", route, "--model", tiny_models[route], "-o", "out")
    names = {path.name for path in EXAMPLES.glob("*.cif")}
    assert {path.name for path in Path("out/cifs").iterdir()} == names
    for name in names:
        before, after = (
            to_crystal(sample.arrays["crystal"])
            for folder in (EXAMPLES, Path("out/cifs"))
            for sample in read_crystals(folder / name)
        )
        rms = match(before, after, Tolerances(stol=0.1))
        assert rms is not None, name
        assert rms < 0.02, name
        ratio = after.volume / len(after) / (before.volume / len(before))
        assert ratio == pytest.approx(1, abs=0.01), name


def test_a_rebuilding_that_fails_is_seen_in_the_store_and_the_table(
    infer: Callable[..., Ran], tiny_models: Mapping[str, Path], tmp_path: Path
) -> None:
    """Two atoms 0.6 A apart are one in images as coarse as those of this decoder."""
    route = "crystal:crystal"
    (tmp_path / "near.cif").write_text(cif([("V", 0, 0, 0, 1), ("V", 0, 0, 0.15, 1)]))
    inputs = [EXAMPLES / GOOD[0], tmp_path / "near.cif"]
    ran = infer(
        *inputs, "--route", route, "--model", tiny_models[route], "-o", "out", "--csv", "out.csv"
    )
    assert ran.code == 0
    with Path("out.csv").open(newline="") as file:
        rows = {row["sample_id"]: row for row in csv.DictReader(file)}
    good, bad = rows["VO2-rutile"], rows["near"]
    assert (good["match_rms_status"], bad["match_rms_status"]) == ("value", "none")
    assert float(good["match_rms"]) < 0.02
    assert bad["match_rms"] == "nan"
    assert (float(good["atoms_given"]), float(good["atoms"])) == (6, 6)
    assert (float(bad["atoms_given"]), float(bad["atoms"])) == (2, 1)


def test_crystals_come_back_symmetric_if_asked_and_latents_are_compared_with_none(
    infer: Callable[..., Ran], tiny_models: Mapping[str, Path]
) -> None:
    from xmodkit_crystal.chemistry.symmetry import space_group
    from xmodkit_crystal.reading.crystals import read_crystals, to_crystal

    source = EXAMPLES / "V2O3-corundum.cif"
    infer(source, "--model", tiny_models["crystal:latent"], "-o", "z")
    for route, inputs in (("crystal:crystal", source), ("latent:crystal", "z/store.zarr")):
        out = route.replace(":", "-")
        arguments = ("--route", route, "--model", tiny_models[route], "-o", out)
        assert infer(inputs, *arguments, "--symmetrize", "0.2").code == 0
        (sample,) = read_crystals(Path(out, "cifs", source.name))
        assert isinstance(sample, Sample)
        assert space_group(to_crystal(sample.arrays["crystal"]), 1e-3).symbol == "R-3c"
        compared = {"match_rms", "atoms_given"} & set(StoreReader(Path(out, "store.zarr")).fields)
        assert len(compared) == (2 if route == "crystal:crystal" else 0)
