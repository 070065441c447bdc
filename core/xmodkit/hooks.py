"""The hooks that plugins and exporters implement, and the version of that agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from xmodkit.export import Exporter
    from xmodkit.pair import ModalityPair

__all__ = ["HOOKSPEC_VERSION", "PROJECT", "hookimpl", "hookspec"]

PROJECT = "xmodkit"

# A plugin's module states the version it was written for as `xmodkit_hookspec`. It changes when
# a hook or a method of `ModalityPair` changes in a way that breaks plugins.
HOOKSPEC_VERSION = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def xmodkit_pair() -> ModalityPair:  # type: ignore[empty-body]
    """Return the pair that this plugin supplies."""


@hookspec(firstresult=True)
def xmodkit_exporter() -> Exporter:  # type: ignore[empty-body]
    """Return the exporter that this plugin supplies."""
