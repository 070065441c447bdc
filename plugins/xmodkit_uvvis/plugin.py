"""The entry point of the uvvis plugin."""

from __future__ import annotations

from xmodkit.hooks import hookimpl
from xmodkit_uvvis.pair import UvVis

__all__ = ["xmodkit_hookspec", "xmodkit_pair"]

xmodkit_hookspec = 1


@hookimpl
def xmodkit_pair() -> UvVis:
    """Return the pair scan <-> absorption."""
    return UvVis()
