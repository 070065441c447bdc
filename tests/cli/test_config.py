"""Settings: a flag beats the environment, which beats the file, which beats the default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def write(text: str, path: str = "xmod.toml") -> Path:
    file = Path(path)
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text)
    return file


def shown(xmod, *args: object) -> dict:
    """Return what `config show` says of one command."""
    ran = xmod(*args, "--json")
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)["commands"].values()
    return dict(found)


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(xmod, monkeypatch):
    show = ("config", "show", "train")
    assert shown(xmod, *show)["epochs"] == {"value": None, "source": "default", "where": ""}
    write("[train]\nepochs = 5\n")
    file = {"value": 5, "source": "file", "where": str(Path("xmod.toml").absolute())}
    assert shown(xmod, *show)["epochs"] == file
    monkeypatch.setenv("XMOD_TRAIN_EPOCHS", "7")
    variable = {"value": 7, "source": "env", "where": "XMOD_TRAIN_EPOCHS"}
    assert shown(xmod, *show)["epochs"] == variable
    assert shown(xmod, *show, "--epochs", "9")["epochs"]["value"] == 9
    assert shown(xmod, *show, "--epochs", "9")["epochs"]["source"] == "flag"


def test_a_command_really_uses_its_settings(xmod, monkeypatch):
    write('[simulate]\nn = 3\nout = "sim.zarr"\nworkers = 1\nplugin = "uvvis"\n', "a/my.toml")
    monkeypatch.setenv("XMOD_SIMULATE_SEED", "11")
    ran = xmod("--config", "a/my.toml", "simulate", "--n", "2", "--json")
    assert ran.code == 0, ran.err
    values = json.loads(ran.out)
    assert (values["samples"], values["seed"]) == (2, 11)
    assert Path("a/sim.zarr").is_dir()  # a path in a file is relative to that file


def test_the_file_may_be_named_in_the_environment(xmod, monkeypatch):
    write("[train]\nseed = 4\n", "b/other.toml")
    write("[train]\nseed = 5\n")
    monkeypatch.setenv("XMOD_CONFIG", "b/other.toml")
    assert shown(xmod, "config", "show", "train")["seed"]["value"] == 4
    write("[train]\nseed = 6\n", "third.toml")
    assert shown(xmod, "--config", "third.toml", "config", "show", "train")["seed"]["value"] == 6


def test_a_pairs_options_stand_under_its_name_for_all_its_commands(xmod, monkeypatch):
    write(
        '[uvvis]\ndpi = 600\nlamp = "halogen"\nplate-map = "maps/a.csv"\n'
        '[infer]\nplugin = "uvvis"\n'
    )
    found = shown(xmod, "config", "show", "infer")
    assert (found["dpi"]["value"], found["dpi"]["source"]) == (600.0, "file")
    assert found["plate-map"]["value"] == str(Path("maps/a.csv").absolute())
    assert "lamp" not in found
    found = shown(xmod, "config", "show", "simulate", "--plugin", "uvvis")
    assert found["lamp"]["value"] == "halogen"
    assert "dpi" not in shown(xmod, "config", "show", "train")
    monkeypatch.setenv("XMOD_INFER_DPI", "300")
    assert shown(xmod, "config", "show", "infer")["dpi"]["source"] == "env"


def test_an_option_of_the_pair_is_not_a_commands_own_of_that_name(xmod):
    """`n` members of an ensemble are not `simulate`'s `n` samples."""
    write('[saxs-sem]\nn = 7\nseed = 5\nmorphology = "hexagonal"\n[simulate]\nseed = 3\n')
    plugin = ("--plugin", "saxs-sem")
    found = shown(xmod, "config", "show", "simulate", *plugin)
    assert found["n"] == {"value": None, "source": "default", "where": ""}
    assert found["seed"]["value"] == 3
    assert found["morphology"]["value"] == "hexagonal"
    assert shown(xmod, "config", "show", "train", *plugin)["seed"]["value"] == 0
    members = shown(xmod, "config", "show", "infer", *plugin)
    assert (members["n"]["value"], members["seed"]["value"]) == (7, 5)
    ran = xmod("simulate", *plugin)
    assert (ran.code, "--n" in ran.err) == (2, True)


def test_the_pair_may_be_named_in_the_environment(xmod, monkeypatch, scans: Path):
    monkeypatch.setenv("XMOD_INFER_PLUGIN", "uvvis")
    ran = xmod("infer", scans, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert len(json.loads(ran.out)["files"]) == 12


def test_keys_may_be_written_with_either_dash(xmod):
    write("[infer]\nbatch_size = 8\nkeep-inputs = true\njson = true\n")
    found = shown(xmod, "config", "show", "infer")
    assert found["batch-size"]["value"] == 8
    assert found["keep-inputs"]["value"] is True


def test_people_read_one_line_an_option(xmod):
    write("[train]\nepochs = 5\n")
    lines = xmod("config", "show", "train").out.splitlines()
    assert lines[0] == "[train]"
    assert any(line.startswith("epochs") and "5  (file" in line for line in lines)
    assert any(line.startswith("model") and "not set  (default)" in line for line in lines)


def test_commands_within_commands_have_settings_too(xmod):
    write("[store.info]\njson = true\n")
    assert shown(xmod, "config", "show", "store", "info")["json"]["value"] is True


@pytest.mark.parametrize(
    ("text", "args", "message"),
    [
        (
            "[trian]\nepochs = 1",
            "train",
            "[trian] is no command and no plugin; did you mean train?",
        ),
        ("[train]\nepoch = 1", "train", "[train] has no 'epoch'; did you mean epochs?"),
        ("[train]\nepochs = 'five'", "train", "epochs: 'five' given, an integer expected"),
        ("[train]\nepochs = true", "train", "[train] epochs: True given, an integer expected"),
        ("[train]\nepochs = 0", "train", "[train] epochs: 0 is not in the range"),
        ("[train]\njson = 1", "train", "json: 1 given, true or false expected"),
        ("[train]\noverwrite = true", "train", "[train] has no 'overwrite'"),
        ("[train]\nout = 3", "train", "[train] out: 3 given, a path as text expected"),
        ("[infer]\nband = 'wide'", "infer", "[infer] band: 'wide' is not one of"),
        ("[store]\ninfo = 1", "store info", "[store] has no command 'info'"),
        ("[store.inof]\njson = true", "store info", "did you mean info?"),
        ("[uvvis]\ndip = 3", "infer --plugin uvvis", "[uvvis] has no 'dip'; did you mean dpi"),
        ("[uvvis]\ndpi = 'x'", "infer --plugin uvvis", "dpi: 'x' given, a number expected"),
        ("epochs = 1", "train", "'epochs' stands in no section"),
        ("[train", "train", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_names_it_and_what_was_near(xmod, text: str, args: str, message: str):
    write(text)
    for call in (args.split(), ["config", "show", *args.split()]):
        ran = xmod(*call)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err
        assert "xmod.toml" in ran.err
        assert ran.err.count("\n") == 1


def test_a_file_that_is_not_there_and_a_command_that_is_none_are_refused(xmod):
    ran = xmod("--config", "none.toml", "train")
    assert ran.code == 2
    assert "--config none.toml: cannot be read" in ran.err
    ran = xmod("config", "show", "trian")
    assert ran.code == 2
    assert "no command 'trian'" in ran.err


def test_a_bad_value_in_the_environment_is_refused_by_show_too(xmod, monkeypatch):
    monkeypatch.setenv("XMOD_TRAIN_EPOCHS", "five")
    ran = xmod("config", "show", "train")
    assert (ran.code, ran.out) == (2, "")
    assert "'five' is not a valid integer" in ran.err


def test_show_alone_shows_every_command(xmod):
    ran = xmod("config", "show", "--json")
    assert ran.code == 0, ran.err
    commands = json.loads(ran.out)["commands"]
    assert {"infer", "train", "calibrate", "store info"} <= set(commands)
    assert "config show" not in commands


def test_settings_import_nothing_that_is_heavy(shell, tmp_path: Path):
    (tmp_path / "xmod.toml").write_text("[train]\nepochs = 5\n")
    code = (
        "import sys, atexit; sys.argv = ['xmod', 'config', 'show']\n"
        "heavy = {'torch', 'onnxruntime'}\n"
        "atexit.register(lambda: print(sorted(heavy & {*sys.modules})))\n"
        "from xmodkit_cli.main import main; main()"
    )
    ran = shell(code=code)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "[]"), ran.err
