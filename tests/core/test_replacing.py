"""A replaced file is the old one or the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmodkit.replacing import replacing


def test_what_was_written_takes_the_file_s_place(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_the_old_file_stays_alone(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
