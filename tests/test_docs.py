"""What the README and the decisions say is true of the code."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from xmodkit import hooks
from xmodkit.pair import ModalityPair
from xmodkit_cli.main import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
GUIDES = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the `xmod` lines of a text's shell blocks, also those that `torchrun` starts."""
    start = r"^(?:pip install \. && )?(?:torchrun .* -m xmodkit_cli|xmod)"
    found = re.findall(
        rf"{start} ([^#\n]*?)\s*(?:#.*)?$", "".join(blocks("sh", text)), re.MULTILINE
    )
    return [f"xmod {words}" for words in found]


COMMANDS = commands(README)
SHOWN = sorted({*COMMANDS, *(line for text in GUIDES.values() for line in commands(text))})


def test_the_python_of_the_readme_runs():
    image = np.asarray(Image.open(next((ROOT / "examples" / "scans").glob("*.png"))))
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {"image": image})


def test_the_readme_shows_commands():
    assert len(COMMANDS) >= 8


def test_the_guide_to_training_shows_every_step():
    steps = {command.split()[1] for command in commands(GUIDES["training.md"])}
    assert {"ingest", "simulate", "train", "evaluate", "export", "infer", "calibrate"} <= steps


@pytest.mark.parametrize("command", SHOWN)
def test_every_option_that_is_shown_exists(command: str):
    name, *words = command.split()[1:]
    if name in ("study", "config", "store", "plugins"):
        name, words = f"{name} {words[0]}", words[1:]
    parts, group = name.split(), cli
    for part in parts:
        group = group.get_command(click.Context(group), part)
    named = words[words.index("--plugin") + 1] if "--plugin" in words else "uvvis"
    plugin = ["--plugin", named] if any(p.name == "plugin" for p in group.params) else []
    shown = CliRunner().invoke(cli, [*parts, *plugin, "--help"], catch_exceptions=False).output
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(^|[\s,]){re.escape(option)}([\s,]|$)", shown), (option, command)


def test_the_main_command_of_the_readme_works(tmp_path: Path):
    words = next(c for c in COMMANDS if "examples/scans" in c).split()
    call = [sys.executable, "-m", "xmodkit_cli", *words[1:], "--out", str(tmp_path / "out.zarr")]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "band_gap" in done.stdout
    assert (tmp_path / "out.figures" / "sheet-1.png").is_file()


def test_every_method_a_plugin_may_write_is_in_the_decision_about_interfaces():
    text = (ROOT / "docs" / "decisions" / "002-interfaces.md").read_text()
    for name, _ in inspect.getmembers(ModalityPair, inspect.isfunction):
        if not name.startswith("_"):
            assert re.search(rf"\b{name}\b", text), name


def test_every_hook_is_described():
    for name in ("xmodkit_pair", "xmodkit_exporter"):
        assert inspect.getdoc(getattr(hooks, name))


def test_files_named_in_the_readme_exist():
    for name in re.findall(r"`([\w./]+/[\w./]+)`", README):
        if not name.startswith("scans.uvvis"):
            assert (ROOT / name).exists(), name
