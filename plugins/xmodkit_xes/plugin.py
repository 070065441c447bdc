"""The entry point of the xes plugin."""

from __future__ import annotations

from xmodkit.hooks import hookimpl
from xmodkit_xes.pair import Xes

__all__ = ["xmodkit_hookspec", "xmodkit_pair"]

xmodkit_hookspec = 1


@hookimpl
def xmodkit_pair() -> Xes:
    """Return the pair structure <-> X-ray spectrum."""
    return Xes()
