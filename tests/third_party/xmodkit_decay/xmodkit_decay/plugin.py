"""The entry point of the decay plugin."""

from __future__ import annotations

from xmodkit import hookimpl
from xmodkit_decay.pair import Decay

__all__ = ["xmodkit_hookspec", "xmodkit_pair"]

xmodkit_hookspec = 1


@hookimpl
def xmodkit_pair() -> Decay:
    """Return the pair decay <-> lifetime, rate."""
    return Decay()
