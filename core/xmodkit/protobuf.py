"""Just enough of the protobuf wire format to hash, read and extend an ONNX file without `onnx`.

A serialised `ModelProto` is a sequence of (key, payload). The graph is its field 7, metadata are
its field 14, the opset imports its field 8. Concatenating a further field-14 entry is, by
protobuf's rules, appending it.
Source: https://protobuf.dev/programming-guides/encoding and onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xmodkit.errors import ModelFileError

__all__ = [
    "GRAPH",
    "METADATA",
    "OPSET_IMPORT",
    "Entry",
    "encode_bytes",
    "encode_metadata",
    "encode_number",
    "entries",
    "read_metadata",
    "read_numbers",
]

GRAPH = 7
OPSET_IMPORT = 8
METADATA = 14

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_CUT_SHORT = "cut short or not an ONNX file: copy it again from where it was exported"


@dataclass(frozen=True)
class Entry:
    """One field of a message: its number, its value, and its raw bytes with the key."""

    number: int
    value: int | bytes
    raw: bytes


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        result |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return result, at
        shift += 7
    raise ModelFileError(_CUT_SHORT)


def entries(data: bytes) -> Iterator[Entry]:
    """Yield the top-level fields of a serialised message; raise `ModelFileError` if cut short."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire in (_LENGTH, _FIXED64, _FIXED32):
            if wire == _LENGTH:
                size, at = _varint(data, at)
            else:
                size = 8 if wire == _FIXED64 else 4
            value, at = data[at : at + size], at + size
        else:
            raise ModelFileError(_CUT_SHORT)
        if at > len(data) or number == 0:
            raise ModelFileError(_CUT_SHORT)
        yield Entry(number, value, data[start:at])


def read_metadata(entry: Entry) -> tuple[str, str]:
    """Return key and value of one `StringStringEntryProto`."""
    parts = {part.number: part.value for part in entries(_as_bytes(entry.value))}
    try:
        return _as_bytes(parts[1]).decode(), _as_bytes(parts.get(2, b"")).decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise ModelFileError(_CUT_SHORT) from error


def encode_metadata(properties: Mapping[str, str]) -> bytes:
    """Return `metadata_props` entries to append to a serialised model."""
    return b"".join(
        encode_bytes(METADATA, encode_bytes(1, key.encode()) + encode_bytes(2, value.encode()))
        for key, value in properties.items()
    )


def read_numbers(entry: Entry) -> list[int]:
    """Return the integers of a repeated field, packed into bytes or standing alone."""
    if isinstance(entry.value, int):
        return [entry.value]
    numbers: list[int] = []
    at = 0
    while at < len(entry.value):
        number, at = _varint(entry.value, at)
        numbers.append(number)
    return numbers


def encode_bytes(number: int, payload: bytes) -> bytes:
    """Return a field that holds bytes, a string or a message."""
    return _encode_varint(number << 3 | _LENGTH) + _encode_varint(len(payload)) + payload


def encode_number(number: int, value: int) -> bytes:
    """Return a field that holds an integer of 0 or more."""
    return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)


def _encode_varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ModelFileError(_CUT_SHORT)
    return value
