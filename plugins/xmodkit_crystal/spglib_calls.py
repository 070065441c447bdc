"""Calls of spglib that say nothing and raise nothing, in every version of it."""

from __future__ import annotations

import os
import warnings
from typing import Any

from xmodkit.errors import MissingExtraError

__all__ = ["spglib_found"]


def spglib_found(function: str, *arguments: Any) -> Any:
    """Return what a function of spglib finds, None where it fails.

    Versions from 2.7 warn on each call unless a global switch is set, which belongs to no
    library; later ones raise instead of returning None. What it prints itself, of attempts that it
    repeats with another tolerance, is turned off unless the environment says otherwise. Raise
    `MissingExtraError` without spglib.
    """
    try:
        import spglib
    except ImportError as error:
        raise MissingExtraError("the symmetry of crystals", "spglib", "crystal") from error
    os.environ.setdefault("SPGLIB_WARNING", "OFF")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return getattr(spglib, function)(*arguments)
        except Exception:  # what later versions raise has no name in earlier ones
            return None
