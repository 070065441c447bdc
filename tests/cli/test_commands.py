"""Every command explains itself, keeps to the contract's words, and imports only what it needs."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from xmodkit.modelfile import read_model_file, write_model_file
from xmodkit.store import StoreReader
from xmodkit_cli.main import cli


def commands(group: click.Group = cli, *before: str) -> list[tuple[str, ...]]:
    """Return every command as it is typed, `("store", "info")`."""
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += commands(command, *before, name)
        else:
            found.append((*before, name))
    return found


ALL = commands()


def last_object(out: str) -> dict:
    (line,) = out.splitlines()
    values: dict = json.loads(line)
    return values


# Help


def test_the_commands_of_the_contract_are_there():
    wanted = {"infer", "verify", "simulate", "train", "export", "example"}
    assert {*((name,) for name in wanted), ("plugins", "list"), ("store", "info")} <= set(ALL)


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_explains_itself_with_an_example(xmod, command: tuple[str, ...]):
    ran = xmod(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    assert f"Example: xmod {' '.join(command)}" in text
    assert "--debug" in text
    assert "--json" in text


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_an_option_has_one_meaning_and_spelling_wherever_it_appears(xmod, command):
    text = xmod(*command, "--help").out
    for short, long in (("-o", "--out"), ("-n", "--n")):
        assert bool(re.search(rf"^ +{short}, {long} ", text, re.M)) == (f" {long} " in text)


def test_an_example_is_a_call_that_can_be_made(xmod):
    """Each option that an example uses is an option of that command."""
    for command in ALL:
        text = " ".join(xmod(*command, "--help").out.split())
        example = text.partition("Example: ")[2].partition(" Options: ")[0]
        pair = ("--plugin", "uvvis") if "--plugin uvvis" in example else ()
        listed = xmod(*command, *pair, "--help").out
        for option in re.findall(r"(?<= )--?[a-z][a-z-]*", example):
            assert re.search(rf"(^| ){option}\b", listed), (command, option)


def test_options_that_a_pair_owns_appear_once_its_name_is_given(xmod):
    without = xmod("infer", "--help").out
    for call in (["--plugin", "uvvis"], ["--plugin=uvvis"]):
        listed = xmod("infer", *call, "--help").out
        for option in ("grid", "region", "pitch-mm", "dpi", "plate", "plate-map", "margin"):
            assert f"--{option} " not in without
            assert len(re.findall(rf"^ +--{option}\b(?!-)", listed, re.M)) == 1


def test_the_version_is_that_of_the_package(xmod):
    assert xmod("--version").out == f"xmod, version {version('xmodkit')}\n"


def test_no_command_shows_what_there_is_and_is_a_mistake_of_usage(xmod):
    ran = xmod()
    assert (ran.code, ran.out) == (2, "")
    assert "Commands:" in ran.err


def test_an_unknown_command_is_one_line(xmod):
    ran = xmod("predict")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "xmod: error: No such command 'predict'. (see xmod --help)\n"


# What is imported


def test_help_imports_nothing_that_is_heavy(shell):
    names = ["torch", "onnxruntime", "onnx", "zarr", "xarray", "PIL", "scipy", "xmodkit_uvvis"]
    code = (
        "import sys, atexit; sys.argv = ['xmod', '--help']\n"
        f"atexit.register(lambda: print([m for m in {names!r} if m in sys.modules]))\n"
        "from xmodkit_cli.main import main; main()"
    )
    assert shell(code=code).out.splitlines()[-1] == "[]"


EMBEDDED = """
import sys
import numpy as np
import xmodkit
predict = xmodkit.load("uvvis", device="cpu")
p = predict(np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8))
assert p.value.shape == p.lower.shape == p.upper.shape == (220,)
assert np.isfinite(p.novelty)
assert "band_gap" in p.derived
"""


def test_embedding_needs_neither_click_nor_torch_nor_the_store(shell):
    names = ["click", "torch", "onnx", "scipy", "zarr", "xmodkit_cli"]
    ran = shell(code=EMBEDDED + f"print([m for m in {names!r} if m in sys.modules])")
    assert (ran.code, ran.out) == (0, "[]\n"), ran.err


@pytest.fixture
def without_torch(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which importing torch fails as if it were not installed."""
    block = tmp_path / "block"
    block.mkdir()
    (block / "sitecustomize.py").write_text(
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'torchvision', 'lightning'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
    )
    return {"PYTHONPATH": str(block)}


def test_predicting_verifying_and_embedding_work_without_torch(
    shell, without_torch: dict[str, str], scans: Path, tiny_model: Path
):
    blocked = shell(code="import torch", **without_torch)
    assert "ModuleNotFoundError: No module named 'torch'" in blocked.err
    ran = shell("infer", "--plugin", "uvvis", scans, "--json", **without_torch)
    assert (ran.code, last_object(ran.out)["out"]) == (0, 12), ran.err
    ran = shell("verify", tiny_model, "--json", **without_torch)
    assert (ran.code, last_object(ran.out)["ok"]) == (0, True), ran.err
    assert shell(code=EMBEDDED, **without_torch).code == 0
    for command in ("train", "export"):
        ran = shell(command, "--help", **without_torch)
        assert ran.code == 0, ran.err


def test_training_without_torch_says_what_to_install(
    shell, without_torch: dict[str, str], inferred, tmp_path: Path
):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"plugin": "uvvis"}')
    for call in (
        ["train", "--plugin", "uvvis", inferred.store, "-o", "new"],
        ["export", "run"],
    ):
        ran = shell(*call, **without_torch)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.count("\n") == 1
        assert "needs torch, which is not installed: pip install 'xmodkit[train]'" in ran.err


# verify


def test_verify_proves_a_good_file(xmod, tiny_model: Path):
    ran = xmod("verify", tiny_model)
    assert ran.code == 0
    assert all(line.startswith("ok ") for line in ran.out.splitlines())
    assert len(ran.out.splitlines()) >= 6
    values = last_object(xmod("verify", tiny_model, "--json").out)
    assert values["ok"] is True
    checks = values["files"][str(tiny_model)]
    assert {"name", "ok", "detail", "checked"} == set(checks[0])


def test_verify_fails_on_any_damage_with_exit_code_1(xmod, tiny_model: Path):
    whole = tiny_model.read_bytes()
    for name, data in {
        "cut.onnx": whole[:-7],
        "changed.onnx": whole[:80] + bytes([whole[80] ^ 4]) + whole[81:],
        "text.onnx": b"hello",
    }.items():
        Path(name).write_bytes(data)
        ran = xmod("verify", name, tiny_model, "--json")
        values = last_object(ran.out)
        assert (ran.code, values["ok"]) == (1, False)
        assert [check["ok"] for check in values["files"][name]] == [False]
        assert all(check["ok"] for check in values["files"][str(tiny_model)])
    assert xmod("verify", "nowhere.onnx").code == 1


def test_verify_finds_a_changed_expected_value(xmod, tiny_model: Path):
    from dataclasses import replace

    file = read_model_file(tiny_model)
    (vector,) = file.metadata.vectors
    outputs = {**vector.outputs, "level": vector.outputs["level"] + np.float32(0.01)}
    vectors = (replace(vector, outputs=outputs),)
    write_model_file(tiny_model, file.data, replace(file.metadata, vectors=vectors))
    ran = xmod("verify", tiny_model)
    assert ran.code == 1
    failed = [line for line in ran.out.splitlines() if line.startswith("FAILED")]
    assert failed
    assert all("test vector" in line for line in failed)


# simulate


@pytest.fixture
def simulator() -> None:
    for library in ("tmm", "colour", "scipy"):
        pytest.importorskip(library)


SIMULATE = ("simulate", "--plugin", "uvvis", "--json")


@pytest.mark.usefixtures("simulator")
def test_simulate_is_resumed_to_the_same_samples_as_at_once(xmod):
    assert xmod(*SIMULATE, "-n", 5, "--seed", 3, "-o", "whole.zarr").code == 0
    xmod(*SIMULATE, "-n", 2, "--seed", 3, "-o", "parts.zarr")
    ran = xmod(*SIMULATE, "-n", 5, "--seed", 3, "-o", "parts.zarr", "--resume")
    assert last_object(ran.out) == {"samples": 5, "skipped": 2, "seed": 3, "store": "parts.zarr"}
    whole, parts = StoreReader("whole.zarr"), StoreReader("parts.zarr")
    for one, other in zip(whole.samples(), parts.samples(), strict=True):
        for name, array in one.items():
            np.testing.assert_array_equal(other[name], array)
    other_seed = xmod(*SIMULATE, "-n", 9, "--seed", 4, "-o", "parts.zarr", "--resume")
    assert (other_seed.code, other_seed.out) == (2, "")
    assert "was made with seed 3, now 4" in other_seed.err


@pytest.mark.usefixtures("simulator")
def test_simulate_refuses_what_exists_and_touches_nothing_else(xmod):
    assert xmod(*SIMULATE, "-n", 2, "-o", "sim.zarr").code == 0
    refused = xmod(*SIMULATE, "-n", 2, "-o", "sim.zarr")
    assert (refused.code, refused.out) == (2, "")
    assert "--overwrite" in refused.err
    ran = xmod(*SIMULATE, "-n", 1, "-o", "sim", "--overwrite")
    assert last_object(ran.out)["store"] == "sim/store.zarr"
    assert len(StoreReader("sim.zarr")) == 2
    ran = xmod(*SIMULATE, "-n", 1, "-o", "sim.zarr", "--overwrite")
    assert last_object(ran.out)["samples"] == 1
    assert len(StoreReader("sim.zarr")) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--plugin", "uvvis"], "'-n'"),
        (["--plugin", "uvvis", "-n", "0"], "'-n'"),
        (["-n", "3"], "--plugin is missing"),
    ],
)
def test_simulate_says_what_is_missing(xmod, args: list[str], said: str):
    ran = xmod("simulate", *args)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


# The rest


def test_store_info_shows_what_a_store_holds(xmod, inferred):
    ran = xmod("store", "info", inferred.store)
    assert ran.code == 0
    assert ran.out.startswith(f"{inferred.store}: 12 samples, closed\n")
    assert "absorption coefficient x thickness" in ran.out
    values = last_object(xmod("store", "info", inferred.store, "--json").out)
    assert (values["samples"], values["closed"]) == (12, True)
    assert values["fields"]["band_gap"]["unit"] == "eV"
    assert values["attributes"]["plugin"] == "uvvis"


def test_store_info_on_what_is_no_store_is_one_line(xmod, scans: Path):
    for path in ("nowhere", scans, scans / "sim-2024-000000.png"):
        ran = xmod("store", "info", path)
        assert (ran.code, ran.out) == (1, "")
        said = "no store here; give the folder of one (it ends in .zarr)"
        assert ran.err == f"xmod: error: {path}: {said}\n"


def test_example_writes_scans_that_can_be_read(xmod):
    values = last_object(xmod("example", "uvvis", "-o", "mine", "--json").out)
    assert values["folder"] == "mine"
    assert len(values["files"]) >= 6
    for path in values["files"]:
        with Image.open(path) as image:
            assert image.mode == "RGB"


def test_example_of_an_unknown_plugin_leaves_no_folder_behind(xmod):
    ran = xmod("example", "nope")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert list(Path().iterdir()) == []


def test_plugins_list_names_what_is_installed_and_its_routes(xmod):
    routes = ["scan:absorption", "absorption:scan", "scan:scan", "scan:latent"]
    (line,) = [line for line in xmod("plugins", "list").out.splitlines() if "uvvis" in line]
    assert re.search(r"^uvvis +ok ", line)
    assert line.endswith(f"[{', '.join(routes)}]")
    listed = last_object(xmod("plugins", "list", "--json").out)["plugins"]
    (uvvis,) = [info for info in listed if info["name"] == "uvvis"]
    assert uvvis["ok"]
    assert uvvis["routes"] == routes


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["export", "nowhere"], 1, "nowhere: no finished run here"),
        (["train", "--plugin", "uvvis", "nowhere.zarr", "-o", "r"], 1, "nowhere.zarr: no store"),
        (["train", "--plugin", "uvvis", "s.zarr", "-o", "r", "--model", "x"], 2, "--model 'x'"),
        (["train", "--plugin", "uvvis", "s.zarr", "-o", "r", "--epochs", "0"], 2, "'--epochs'"),
        (["train", "s.zarr", "-o", "r"], 2, "--plugin is missing"),
        (["train", "--plugin", "uvvis", "s.zarr"], 2, "'--out'"),
    ],
)
def test_training_and_exporting_say_what_is_wrong(xmod, args: list[str], code: int, said: str):
    pytest.importorskip("torch")
    ran = xmod(*args)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.count("\n") == 1
    assert said in ran.err
