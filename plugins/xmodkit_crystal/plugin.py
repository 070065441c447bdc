"""The entry point of the crystal plugin."""

from __future__ import annotations

from xmodkit.hooks import hookimpl
from xmodkit_crystal.pair import CrystalPair

__all__ = ["xmodkit_hookspec", "xmodkit_pair"]

xmodkit_hookspec = 1


@hookimpl
def xmodkit_pair() -> CrystalPair:
    """Return the pair crystal <-> latent."""
    return CrystalPair()
