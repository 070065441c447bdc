"""The crash-safe sample store: a journal and a commit log in front of plain zarr v3."""

from xmodkit.store.layout import is_store
from xmodkit.store.reader import StoreReader
from xmodkit.store.writer import StoreWriter

__all__ = ["StoreReader", "StoreWriter", "is_store"]
