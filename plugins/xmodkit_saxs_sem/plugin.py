"""The entry point of the saxs-sem plugin."""

from __future__ import annotations

from xmodkit.hooks import hookimpl
from xmodkit_saxs_sem.pair import SaxsSem

__all__ = ["xmodkit_hookspec", "xmodkit_pair"]

xmodkit_hookspec = 1


@hookimpl
def xmodkit_pair() -> SaxsSem:
    """Return the pair SAXS <-> SEM."""
    return SaxsSem()
