"""Telling stores from other folders."""

from __future__ import annotations

from xmodkit.store import StoreWriter, is_store
from xmodkit.store.layout import Layout


def test_a_store_is_known_by_its_log_open_or_closed(path, known):
    assert not is_store(path)
    with StoreWriter.create(path, known.fields):
        assert is_store(path)
    assert is_store(path)
    assert not is_store(path.parent)


def test_only_what_an_interrupted_creation_leaves_is_a_free_place(path):
    layout = Layout(path)
    assert layout.is_unfinished()
    layout.folder.mkdir(parents=True)
    layout.lock.touch()
    assert layout.is_unfinished()
    (path / "notes.txt").touch()
    assert not layout.is_unfinished()
