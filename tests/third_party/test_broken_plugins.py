"""Broken plugins never break the tool: each is listed with its reason, only asking for it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOOK = """
import sys
from xmodkit import ModalityPair, hookimpl

xmodkit_hookspec = {version}

class Pair(ModalityPair):
    def read(self, path, route, options):
        yield from ()

@hookimpl
def xmodkit_pair():
    {body}
"""
# Per plugin: its module, and what the tool must say of it.
BROKEN = {
    "no-library": ("import a_library_nobody_has", "No module named 'a_library_nobody_has'"),
    "raises": (HOOK.format(version=1, body="raise RuntimeError('no\\nlicence')"), "no licence"),
    "later": (HOOK.format(version=2, body="raise AssertionError"), "made for hook version 2"),
    "exits": ("import sys\nsys.exit('bye')", "SystemExit: bye"),
    "exits-later": (HOOK.format(version=1, body="sys.exit(0)"), "SystemExit: 0"),
    "hookless": ("xmodkit_hookspec = 1", "implements no xmodkit_pair"),
    "pairless": (HOOK.format(version=1, body="return 'pair'"), "returned str"),
    "nameless": (HOOK.format(version=1, body="return Pair()"), "no name, modalities, routes"),
}


def install(folder: Path, distribution: str, plugin: str, code: str) -> None:
    """Lay out a module and its distribution's metadata as an installer would."""
    module = distribution.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[xmodkit.plugins]\n{plugin} = {module}\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every broken plugin, and two that claim the same name."""
    folder = tmp_path_factory.mktemp("broken")
    for name, (code, _) in BROKEN.items():
        install(folder, f"broken-{name}", name, code)
    for distribution in ("first-owner", "second-owner"):
        install(folder, distribution, "twice", "raise AssertionError('neither is imported')")
    return folder


def xmod(site: Path, *args: str) -> subprocess.CompletedProcess[str]:
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "xmodkit_cli", *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_is_listed_with_its_reason_beside_those_that_work(site: Path) -> None:
    """`plugins list` succeeds, whatever a plugin does when it is imported or called."""
    run = xmod(site, "plugins", "list", "--json")
    assert run.returncode == 0, run.stderr
    listed = json.loads(run.stdout.splitlines()[-1])["plugins"]
    found = {plugin["name"]: plugin for plugin in listed}
    assert found["uvvis"]["ok"]
    for name, (_, reason) in BROKEN.items():
        assert not found[name]["ok"]
        assert reason in found[name]["error"]
        assert f"broken-{name} 1.0" in found[name]["error"]
    twice = [plugin["error"] for plugin in listed if plugin["name"] == "twice"]
    assert len(twice) == 2
    assert all("first-owner, second-owner" in error for error in twice)


def test_the_list_that_people_read_is_a_line_each(site: Path) -> None:
    """Reasons are on the line of their plugin, however many lines the error had."""
    run = xmod(site, "plugins", "list")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    sound = [line for line in lines if line.split()[1] == "ok"]
    assert {"uvvis", "xes", "saxs-sem", "crystal"} <= {line.split()[0] for line in sound}
    assert sum("BROKEN" in line for line in lines) == len(lines) - len(sound) == len(BROKEN) + 2


def test_other_plugins_work_as_before(site: Path) -> None:
    """Asking for a sound plugin imports no other."""
    run = xmod(site, "infer", "--plugin", "uvvis", "--help")
    assert run.returncode == 0, run.stderr
    assert "--grid" in run.stdout


@pytest.mark.parametrize("name", [*BROKEN, "twice", "never-installed"])
def test_asking_for_it_fails_with_one_line(site: Path, name: str) -> None:
    """Exit code 1, and one line on stderr that names the plugin and what is wrong with it."""
    run = xmod(site, "infer", "--plugin", name, "scans")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert f"plugin {name!r}" in run.stderr
    if name in BROKEN:
        assert BROKEN[name][1] in run.stderr
