"""Read and replace single weights of a serialised ONNX model, without `onnx`.

The graph is field 7 of a `ModelProto`; an initializer is field 5 of a `GraphProto`, a
`TensorProto` of dims (1), data type (2), float data (4), name (8) and raw data (9).
Source: onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import ModelFileError
from xmodkit.protobuf import GRAPH, Entry, encode_bytes, encode_number, entries, read_numbers

__all__ = ["read_initializers", "replace_initializers"]

_INITIALIZER = 5
_DIMS, _DATA_TYPE, _FLOAT_DATA, _NAME, _RAW_DATA = 1, 2, 4, 8, 9
_FLOAT = 1

Floats = NDArray[np.float32]


def read_initializers(model: bytes, names: Iterable[str]) -> dict[str, Floats]:
    """Return float32 weights by their own names, whatever modules they lie in.

    `threshold` finds `network.threshold`. Raise `ModelFileError` if one is not there.
    """
    tensors = {_name(entry): entry for entry in _initializers(model)}
    return {name: _read(tensors[_full_name(name, tensors)]) for name in names}


def replace_initializers(model: bytes, arrays: Mapping[str, Floats]) -> bytes:
    """Return the model with float32 weights of the same shapes in place of those of these names.

    Everything else keeps its bytes. Raise `ModelFileError` if a weight is not there, or has
    another shape.
    """
    tensors = {_name(entry): entry for entry in _initializers(model)}
    wanted = {_full_name(name, tensors): array for name, array in arrays.items()}
    for name, array in wanted.items():
        if (there := _read(tensors[name]).shape) != array.shape:
            raise ModelFileError(f"weight {name!r}: shape {array.shape} given, {there} expected")
    return b"".join(
        encode_bytes(GRAPH, _replaced(_payload(entry), wanted))
        if entry.number == GRAPH
        else entry.raw
        for entry in entries(model)
    )


def _replaced(graph: bytes, arrays: Mapping[str, Floats]) -> bytes:
    parts = []
    for entry in entries(graph):
        name = _name(entry) if entry.number == _INITIALIZER else ""
        parts.append(_encode(name, arrays[name]) if name in arrays else entry.raw)
    return b"".join(parts)


def _initializers(model: bytes) -> list[Entry]:
    graphs = [_payload(entry) for entry in entries(model) if entry.number == GRAPH]
    return [e for graph in graphs for e in entries(graph) if e.number == _INITIALIZER]


def _full_name(name: str, names: Iterable[str]) -> str:
    """Return the outermost of the names that end in `name`."""
    found = [full for full in names if full == name or full.endswith("." + name)]
    if not found:
        raise ModelFileError(
            f"its graph has no weight {name!r}, which the bounds rest on (if all are infinite they "
            "have none): export it again, from a run with enough calibration rows"
        )
    return min(found, key=lambda full: full.count("."))


def _read(entry: Entry) -> Floats:
    parts = list(entries(_payload(entry)))
    shape = [size for part in parts if part.number == _DIMS for size in read_numbers(part)]
    kinds = [part.value for part in parts if part.number == _DATA_TYPE]
    data = b"".join(_payload(p) for p in parts if p.number in (_FLOAT_DATA, _RAW_DATA))
    if kinds != [_FLOAT] or len(data) != 4 * int(np.prod(shape)):
        raise ModelFileError(f"weight {_name(entry)!r} is not stored as float32: export it again")
    return np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)


def _encode(name: str, array: Floats) -> bytes:
    dims = b"".join(encode_number(_DIMS, size) for size in array.shape)
    return encode_bytes(
        _INITIALIZER,
        dims
        + encode_number(_DATA_TYPE, _FLOAT)
        + encode_bytes(_NAME, name.encode())
        + encode_bytes(_RAW_DATA, array.astype("<f4").tobytes()),
    )


def _name(entry: Entry) -> str:
    names = [part.value for part in entries(_payload(entry)) if part.number == _NAME]
    return names[0].decode() if names and isinstance(names[0], bytes) else ""


def _payload(entry: Entry) -> bytes:
    if isinstance(entry.value, int):
        raise ModelFileError("cut short or not an ONNX file: copy it again from where it came")
    return entry.value
