"""Go on with a store that an earlier run began, if it was made the same way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmodkit.errors import UsageError

if TYPE_CHECKING:
    from xmodkit.store import StoreWriter

__all__ = ["resume_store"]


def resume_store(path: Path, attributes: Mapping[str, Any]) -> StoreWriter | None:
    """Return the writer of the store to go on with, None if there is none yet.

    Raise `UsageError` if the store's attributes differ from these: it was made by another model
    or with other options.
    """
    from xmodkit.store import StoreWriter, is_store

    if not is_store(path):
        return None  # killed before its first commit, or never begun
    writer = StoreWriter.resume(path)
    for name, value in attributes.items():
        if writer.attributes.get(name) != value:
            writer.close()
            raise UsageError(
                f"{path}: was made with {name} {writer.attributes.get(name)}, now {value}: resume "
                "with the same, or write to another --out"
            )
    return writer
