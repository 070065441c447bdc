"""What the README and the decisions say is true of the code."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit import hooks
from xmodkit.pair import ModalityPair

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:pip install \. && )?(xmod [^#\n]*?)\s*(?:#.*)?$", README, re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_of_the_readme_runs():
    image = np.asarray(Image.open(next((ROOT / "examples" / "scans").glob("*.png"))))
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {"image": image})


def test_the_readme_shows_commands():
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_readme_exists(command: str):
    words = command.split()
    plugin = ["--plugin", "uvvis"] if "uvvis" in words or "uvvis.onnx" in words else []
    call = [sys.executable, "-m", "xmodkit_cli", words[1], *plugin, "--help"]
    if words[1] in ("verify", "export"):
        call = [sys.executable, "-m", "xmodkit_cli", words[1], "--help"]
    shown = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    for option in (word for word in words[2:] if word.startswith("-")):
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
