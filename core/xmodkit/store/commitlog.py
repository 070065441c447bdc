"""The commit log: what it says is in the store, and nothing else is.

The first line describes the store; each further line is one commit, written after the data it
speaks of and itself flushed to the disk. Reading it back gives the `State` of the store: a line
cut short by a crash was never committed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from xmodkit.errors import StoreError
from xmodkit.modality import Field
from xmodkit.store.columns import TEXT, Schema
from xmodkit.store.journal import Block, block_bytes
from xmodkit.store.layout import MARK

__all__ = ["Commit", "State", "header_line", "read_state"]

VERSION = 1
MAX_COUNT = 2**48


@dataclass(frozen=True)
class Commit:
    """One line: the number of rows and of those in zarr from now on, and the batch's block.

    Fewer rows than before say that the rows behind were lost from the journal.
    """

    rows: int
    sealed: int
    closed: bool = False
    block: Block | None = None
    extents: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    keys: Sequence[str] = ()
    finished: Sequence[str] = ()

    def line(self) -> bytes:
        """Return the line to append to the log."""
        values: dict[str, Any] = {"rows": self.rows, "sealed": self.sealed}
        if self.closed:
            values["closed"] = True
        if self.block is not None:
            block = self.block
            values |= {name: getattr(block, name) for name in ("segment", "offset", "length")}
            values |= {"crc": block.crc, "text": block.text}
        optional = {"extents": self.extents, "keys": self.keys, "finished": self.finished}
        values |= {name: given for name, given in optional.items() if given}
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"


@dataclass
class State:
    """What the log says up to some line. `length` is the log's bytes up to there."""

    schema: Schema
    attributes: Mapping[str, Any]
    rows: int = 0
    sealed: int = 0
    closed: bool = False
    segment: int = 0
    blocks: list[Block] = field(default_factory=list)
    extents: dict[str, tuple[int, ...]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    finished: dict[str, int] = field(default_factory=dict)
    length: int = 0

    @property
    def journal_end(self) -> int:
        """The byte of the segment behind the last committed row."""
        return self.blocks[-1].end if self.blocks else 0

    def rows_within(self, size: int) -> int:
        """Return the rows that are there if the journal's segment has only `size` bytes."""
        return next((block.first for block in self.blocks if block.end > size), self.rows)

    def cut(self, rows: int) -> None:
        """Forget every row from `rows` on, with the keys and inputs that end there."""
        self.blocks = [block for block in self.blocks if block.stop <= rows]
        if rows != (self.blocks[-1].stop if self.blocks else self.sealed):
            raise StoreError(f"the log keeps {rows} rows, which end within a commit")
        self.rows = rows
        self.closed = False
        del self.keys[rows:]
        self.finished = {name: at for name, at in self.finished.items() if at <= rows}

    def apply(self, commit: Commit) -> None:
        """Add one commit; raise `StoreError` if it cannot follow what stands before it."""
        if commit.rows < self.rows:
            if commit.sealed != self.sealed or commit.block is not None:
                raise StoreError("the log takes back rows that are in zarr")
            self.cut(commit.rows)
            return
        if not self.sealed <= commit.sealed <= commit.rows:
            raise StoreError(f"the log names {commit.sealed} of {commit.rows} rows as in zarr")
        if commit.sealed != self.sealed:
            self.blocks = []
        self._add_block(commit)
        self._add_keys(commit)
        self.extents = self.schema.grown(self.extents, commit.extents)
        for name in commit.finished:
            self.finished.setdefault(name, commit.rows)
        self.rows, self.sealed, self.closed = commit.rows, commit.sealed, commit.closed

    def block_start(self, commit: Commit) -> int:
        """Return the first row that a commit's block holds: zarr has those before it."""
        return commit.sealed if commit.sealed != self.sealed else self.rows

    def _add_block(self, commit: Commit) -> None:
        block = commit.block
        if block is None:
            if self.block_start(commit) != commit.rows:
                raise StoreError(f"the log names no place for the rows up to {commit.rows}")
            return
        if block.first != self.block_start(commit) or block.stop != commit.rows or not block.rows:
            raise StoreError(f"the log names a place for rows it does not have at {commit.rows}")
        expected = block_bytes(self.schema.columns, block.rows, block.extents, block.text)
        follows = block.segment >= self.segment and block.offset == self.journal_end
        if self.blocks and block.segment != self.segment:
            follows = False
        if block.length != expected or not follows:
            raise StoreError(f"the log names {block.length} bytes at {block.offset} out of place")
        self.segment = block.segment
        self.blocks.append(block)

    def _add_keys(self, commit: Commit) -> None:
        new = commit.rows - self.rows
        if len(commit.keys) not in (0, new):
            raise StoreError(f"the log names {len(commit.keys)} keys for {new} rows")
        if commit.keys:
            self.keys.extend([""] * (self.rows - len(self.keys)))
            self.keys.extend(commit.keys)


def header_line(fields: Sequence[Field], attributes: Mapping[str, Any]) -> bytes:
    """Return the log's first line; raise `StoreError` if the attributes are no plain JSON."""
    values = {
        "xmodkit_store": VERSION,
        "fields": [item.to_json() for item in fields],
        "attributes": dict(attributes),
    }
    try:
        line = json.dumps(values, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"attributes and fills must be finite JSON values: {error}") from None
    return line.encode() + b"\n"


def read_state(log: Path) -> State:
    """Read a log up to its last whole line; raise `StoreError` if it is damaged or not ours."""
    number = 1
    try:
        with log.open("rb") as file:
            lines = _whole_lines(file)
            state = _header(next(lines, b""))
            for number, line in enumerate(lines, 2):  # noqa: B007 (named in the error)
                state.apply(_commit(state, line))
                state.length += len(line)
    except StoreError as error:
        raise StoreError(f"{log}, line {number}: {error}") from None
    except OSError as error:
        raise StoreError(f"{log}: cannot be read: {error.strerror}") from None
    return state


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    for line in file:
        if line.endswith(b"\n"):
            yield line


def _header(line: bytes) -> State:
    if not line.startswith(MARK):
        raise StoreError("not the log of a store made by xmodkit")
    values = _object(line)
    if values["xmodkit_store"] != VERSION:
        raise StoreError(f"store version {values['xmodkit_store']!r} given, {VERSION} expected")
    try:
        fields = [Field.from_json(item) for item in values["fields"]]
        attributes = dict(values["attributes"])
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise StoreError(f"the store's fields or attributes are damaged: {error!r}") from None
    return State(Schema.of(fields), attributes, length=len(line))


def _object(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise StoreError("not a JSON object")
    return values


def _commit(state: State, line: bytes) -> Commit:
    """Read one line; every number and name in it is checked before it is used."""
    values = _object(line)
    rows, sealed = _count(values, "rows"), _count(values, "sealed")
    extents = _extents(state.schema, values.get("extents", {}))
    keys, finished = _names(values, "keys"), _names(values, "finished")
    commit = Commit(rows, sealed, values.get("closed") is True, None, extents, keys, finished)
    if "segment" not in values:
        return commit
    first = state.block_start(commit)
    text = values.get("text", {})
    expected = {column.name for column in state.schema.columns if column.dtype == TEXT}
    if not isinstance(text, dict) or set(text) != expected:
        raise StoreError("the bytes of the text columns are not named")
    segment, offset, length, crc = (
        _count(values, name) for name in ("segment", "offset", "length", "crc")
    )
    sizes = {name: _count(text, name) for name in text}
    block = Block(first, max(rows - first, 0), segment, offset, length, crc, extents, sizes)
    return Commit(rows, sealed, commit.closed, block, extents, keys, finished)


def _count(values: Mapping[str, Any], name: str) -> int:
    return _checked(values.get(name), name)


def _checked(number: Any, name: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < MAX_COUNT:
        raise StoreError(f"{name} is {number!r}, a count expected")
    return number


def _names(values: Mapping[str, Any], name: str) -> list[str]:
    names = values.get(name, [])
    if not isinstance(names, list) or not all(isinstance(text, str) for text in names):
        raise StoreError(f"{name} are no list of text")
    return names


def _extents(schema: Schema, values: Any) -> dict[str, tuple[int, ...]]:
    if not isinstance(values, dict):
        raise StoreError("extents are no JSON object")
    extents = {}
    for name, sizes in values.items():
        column = schema.column(name)
        if not column.ragged or not isinstance(sizes, list):
            raise StoreError(f"extents of {name!r} given, which has none of its own")
        extents[name] = tuple(_checked(size, name) for size in sizes)
        column.check_extents(extents[name])
    return extents
