"""A broken plugin is listed with its reason, and only asking for it fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from textwrap import dedent

import pytest

from xmodkit import plugins
from xmodkit.errors import PluginError

GOOD = """
    from xmodkit import Field, Modality, ModalityPair, Route, hookimpl
    xmodkit_hookspec = 1
    class Pair(ModalityPair):
        name = "good"
        modalities = (Modality("a", (Field("a"),)), Modality("b", (Field("b"),)))
        routes = (Route("a", "b"),)
        def read(self, path, route, options):
            return iter(())
    @hookimpl
    def xmodkit_pair():
        return Pair()
"""
BROKEN = {
    "absent": (None, "ModuleNotFoundError"),
    "syntax": ("def broken(:", "SyntaxError"),
    "raises": ("raise RuntimeError('no\\nlicence')", "import failed: RuntimeError: no licence"),
    "exits": ("import sys; sys.exit('bye')", "import failed: SystemExit: bye"),
    "unversioned": ("x = 1", "made for hook version None, this xmodkit has 1"),
    "newer": ("xmodkit_hookspec = 2", "made for hook version 2, this xmodkit has 1"),
    "silent": ("xmodkit_hookspec = 1", "it implements no xmodkit_pair"),
    "hook": (
        GOOD.replace("return Pair()", "raise KeyError('detector')"),
        "xmodkit_pair failed: KeyError: 'detector'",
    ),
    "quits": (GOOD.replace("return Pair()", "raise SystemExit(3)"), "failed: SystemExit: 3"),
    "other": (GOOD, "its pair is named 'good': entry point and pair must agree"),
    "number": (GOOD.replace("return Pair()", "return 7"), "returned int, expected a ModalityPair"),
    "unread": (GOOD.replace("def read", "def written"), "abstract"),
    "argument": (GOOD.replace("xmodkit_pair()", "xmodkit_pair(colour)"), "colour"),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that installs plugins from their source text."""
    monkeypatch.syspath_prepend(tmp_path)
    points: list[EntryPoint] = []

    def entry_points(**wanted: str) -> EntryPoints:
        return EntryPoints(points).select(**wanted)

    def add(name: str, source: str | None, group: str = plugins.PLUGINS) -> None:
        module = f"plugin_of_test_{name}_{len(points)}"
        if source is not None:
            (tmp_path / f"{module}.py").write_text(dedent(source))
        points.append(EntryPoint(name, module, group))

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    return add


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Forget what was loaded: other tests want the installed plugins."""
    plugins._load_pair.cache_clear()
    yield
    plugins._load_pair.cache_clear()
    for module in [name for name in sys.modules if name.startswith("plugin_of_test")]:
        del sys.modules[module]


def test_a_plugin_is_found_by_its_name_and_loaded_once(install):
    install("good", GOOD)
    assert plugins.names() == ["good"]
    assert plugins.pair("good").name == "good"
    assert plugins.pair("good") is plugins.pair("good")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_beside_the_good_ones(install, name: str):
    source, reason = BROKEN[name]
    install(name, source)
    install("good", GOOD)
    listed = {info.name: info for info in plugins.list_plugins()}
    assert listed["good"].pair is not None
    assert listed["good"].error == ""
    assert listed[name].pair is None
    assert reason in listed[name].error
    assert "\n" not in listed[name].error


@pytest.mark.parametrize("name", BROKEN)
def test_only_asking_for_a_broken_plugin_fails(install, name: str):
    source, reason = BROKEN[name]
    install(name, source)
    install("good", GOOD)
    assert plugins.pair("good").name == "good"
    with pytest.raises(PluginError, match=f"plugin '{name}' is broken") as caught:
        plugins.pair(name)
    assert reason in str(caught.value)


def test_names_are_known_without_importing_anything(install):
    install("exits", "raise SystemExit")
    assert plugins.names() == ["exits"]
    assert not [name for name in sys.modules if name.startswith("plugin_of_test")]


def test_an_unknown_plugin_is_answered_with_those_there_are(install):
    with pytest.raises(PluginError, match="no plugin 'xes'; installed: none"):
        plugins.pair("xes")
    install("good", GOOD)
    with pytest.raises(PluginError, match="no plugin 'xes'; installed: good"):
        plugins.pair("xes")


def test_a_name_claimed_twice_is_refused_and_not_chosen_by_chance(install):
    install("good", GOOD)
    install("good", GOOD)
    with pytest.raises(PluginError, match="claimed by several packages"):
        plugins.pair("good")
    assert all("claimed by several" in info.error for info in plugins.list_plugins())


def test_an_exporter_is_found_in_the_same_way(install):
    install("tell", GOOD.replace("xmodkit_pair", "xmodkit_exporter"), plugins.EXPORTERS)
    install("mute", "xmodkit_hookspec = 1", plugins.EXPORTERS)
    assert plugins.exporter("tell").name == "good"
    with pytest.raises(PluginError, match="implements no xmodkit_exporter"):
        plugins.exporter("mute")
    with pytest.raises(PluginError, match="no plugin 'onnx'"):
        plugins.exporter("onnx")


def test_the_built_in_plugin_is_installed_like_anyone_s():
    listed = {info.name: info for info in plugins.list_plugins()}
    assert listed["uvvis"].error == ""
    assert listed["uvvis"].distribution == "xmodkit"
    assert listed["uvvis"].pair is plugins.pair("uvvis")
