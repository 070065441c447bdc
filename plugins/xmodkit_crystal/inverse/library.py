"""The library that the inverse rests on, imported when it is used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from xmodkit.errors import MissingExtraError

__all__ = ["scipy_part"]


def scipy_part(name: str) -> ModuleType:
    """Return a part of scipy; raise `MissingExtraError` where it is not installed."""
    try:
        return import_module(f"scipy.{name}")
    except ImportError as error:
        raise MissingExtraError("reading voxel images", "scipy", "crystal") from error
