"""Read, check and write the metadata of a model file: one self-describing `.onnx`.

Everything stands in ONNX `metadata_props` under `xmodkit.*` as JSON, readable from any language.
Two SHA-256 are stored and checked: of the graph (every byte of the file but the metadata) and of
the metadata. They prove integrity, not authorship.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.calibration import Calibration
from xmodkit.errors import ModelFileError
from xmodkit.modality import Array, Arrays, Field, field_of
from xmodkit.pair import Route
from xmodkit.protobuf import METADATA, OPSET_IMPORT, encode_metadata, entries, read_metadata
from xmodkit.replacing import replacing

__all__ = [
    "SCHEMA",
    "ModelFile",
    "ModelMetadata",
    "TestVector",
    "is_model_file",
    "read_model_file",
    "write_model_file",
]

SCHEMA = 1
PREFIX = "xmodkit."
# ONNX's own limit for one protobuf message.
MAX_BYTES = 2**31 - 1


@dataclass(frozen=True)
class TestVector:
    """Inputs (with a batch axis of 1) and the outputs they must give."""

    __test__ = False  # not a test class, whatever its name says to pytest

    inputs: Arrays
    outputs: Arrays

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, arrays compressed."""
        return {"inputs": _pack(self.inputs), "outputs": _pack(self.outputs)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TestVector:
        """Rebuild from `to_json`."""
        return cls(_unpack(values["inputs"]), _unpack(values["outputs"]))


@dataclass(frozen=True)
class ModelMetadata:
    """What a model file says of itself.

    `outputs` are the predicted fields; `condition` is what the file is for beside its route;
    `details` is what a solver needs beside the graph. `further` are the route's further inputs,
    which have no batch axis (a ragged axis takes any extent), and `defaults` what they are where
    none is given; files without them mean those of the first test vector. `tolerances` per
    execution provider are relative to each output's scale (its largest absolute value that any test
    vector expects).
    """

    plugin: str
    plugin_version: str
    route: Route
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    opset: int
    calibration: Calibration
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    licence: str
    vectors: tuple[TestVector, ...] = ()
    tolerances: Mapping[str, float] = field(default_factory=lambda: {"cpu": 1e-5, "cuda": 1e-3})
    condition: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    further: tuple[Field, ...] = ()
    defaults: Arrays = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.route.inputs and not self.further and self.vectors:
            first = self.vectors[0].inputs
            defaults = {name: first[name] for name in self.route.inputs}
            object.__setattr__(self, "defaults", defaults)
            fields = tuple(field_of(name, array) for name, array in defaults.items())
            object.__setattr__(self, "further", fields)

    def to_properties(self) -> dict[str, str]:
        """Return `xmodkit.*` properties, without the hashes."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "plugin": {"name": self.plugin, "version": self.plugin_version},
            "route": {
                "source": self.route.source,
                "target": self.route.target,
                "bounds": self.route.bounds,
                "inputs": list(self.route.inputs),
            },
            "condition": dict(self.condition),
            "inputs": [f.to_json() for f in self.inputs],
            "outputs": [f.to_json() for f in self.outputs],
            "opset": self.opset,
            "calibration": self.calibration.to_json(),
            "training": dict(self.training),
            "metrics": dict(self.metrics),
            "licence": self.licence,
            "tolerances": dict(self.tolerances),
            "vectors": [vector.to_json() for vector in self.vectors],
        }
        if self.details:
            values["details"] = dict(self.details)
        if self.further:
            values["further"] = {
                "inputs": [f.to_json() for f in self.further],
                "defaults": _pack(self.defaults),
            }
        return {PREFIX + name: _dump(value) for name, value in values.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> ModelMetadata:
        """Rebuild from `to_properties`; raise `ModelFileError` naming what is missing or wrong."""
        try:
            values = {
                key.removeprefix(PREFIX): json.loads(text) for key, text in properties.items()
            }
            if values["schema"] != SCHEMA:
                raise ModelFileError(
                    f"metadata schema {values['schema']} given, {SCHEMA} expected: "
                    "use the xmodkit version that exported it, or export it again"
                )
            route, further = values["route"], values.get("further", {})
            return cls(
                str(values["plugin"]["name"]),
                str(values["plugin"]["version"]),
                Route(
                    str(route["source"]),
                    str(route["target"]),
                    "model",
                    route["bounds"],
                    tuple(route["inputs"]),
                ),
                tuple(Field.from_json(f) for f in values["inputs"]),
                tuple(Field.from_json(f) for f in values["outputs"]),
                int(values["opset"]),
                Calibration.from_json(values["calibration"]),
                values["training"],
                values["metrics"],
                str(values["licence"]),
                tuple(TestVector.from_json(v) for v in values["vectors"]),
                values["tolerances"],
                values["condition"],
                values.get("details", {}),
                tuple(Field.from_json(f) for f in further.get("inputs", ())),
                _unpack(further.get("defaults", {})),
            )
        except ModelFileError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
            raise ModelFileError(
                f"metadata incomplete or malformed ({type(error).__name__}: {error}): export again"
            ) from error


@dataclass(frozen=True)
class ModelFile:
    """A checked model file: its bytes, what it says of itself, and its hashes."""

    path: Path
    data: bytes
    metadata: ModelMetadata
    graph_hash: str
    metadata_hash: str
    opset: int

    @property
    def identity(self) -> str:
        """A hash of graph and metadata together."""
        return hashlib.sha256((self.graph_hash + self.metadata_hash).encode()).hexdigest()


def write_model_file(path: Path, graph: bytes, metadata: ModelMetadata) -> None:
    """Write `graph` with its metadata and the hashes of both to `path`, replacing it whole."""
    properties = metadata.to_properties()
    hashes = {"graph": hash_graph(graph), "metadata": hash_properties(properties)}
    properties[PREFIX + "hashes"] = _dump(hashes)
    with replacing(path) as partial:
        partial.write_bytes(_without_metadata(graph) + encode_metadata(properties))


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and check both hashes.

    Raise `ModelFileError` if it is absent, cut short, changed, or no model file of ours.
    """
    data = _read_bytes(path)
    try:
        properties, opset = _scan(data)
        if PREFIX + "hashes" not in properties:
            raise ModelFileError("no xmodkit metadata: give a file made by `xmod export`")
        hashes = _read_hashes(properties.pop(PREFIX + "hashes"))
        graph_hash, metadata_hash = hash_graph(data), hash_properties(properties)
        if graph_hash != hashes["graph"]:
            raise ModelFileError("its graph or weights were changed or damaged: copy it again")
        if metadata_hash != hashes["metadata"]:
            raise ModelFileError("its metadata were changed or damaged: copy it again")
        metadata = ModelMetadata.from_properties(properties)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    return ModelFile(path, data, metadata, graph_hash, metadata_hash, opset)


def is_model_file(path: Path) -> bool:
    """Say whether a path looks like a model file by its name."""
    return path.suffix.lower() == ".onnx"


def hash_graph(data: bytes) -> str:
    """Return the SHA-256 of a serialised model without its metadata."""
    return hashlib.sha256(_without_metadata(data)).hexdigest()


def hash_properties(properties: Mapping[str, str]) -> str:
    """Return the SHA-256 of metadata properties, whatever their order."""
    return hashlib.sha256(_dump(dict(properties)).encode()).hexdigest()


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFileError(f"{path}: larger than 2 GB, which no ONNX file may be")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: no such model file; give one made by `xmod export`"
        ) from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error


def _scan(data: bytes) -> tuple[dict[str, str], int]:
    properties: dict[str, str] = {}
    opset = 0
    for entry in entries(data):
        if entry.number == METADATA:
            key, value = read_metadata(entry)
            if key.startswith(PREFIX):
                properties[key] = value
        elif entry.number == OPSET_IMPORT and isinstance(entry.value, bytes):
            opset = max(opset, _default_opset(entry.value))
    return properties, opset


def _default_opset(message: bytes) -> int:
    parts = {part.number: part.value for part in entries(message)}
    version = parts.get(2, 0)
    default_domain = parts.get(1, b"") in (b"", b"ai.onnx")
    return version if default_domain and isinstance(version, int) else 0


def _without_metadata(data: bytes) -> bytes:
    return b"".join(entry.raw for entry in entries(data) if entry.number != METADATA)


def _read_hashes(text: str) -> Mapping[str, str]:
    try:
        hashes = json.loads(text)
        return {"graph": str(hashes["graph"]), "metadata": str(hashes["metadata"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError("its hashes were changed or damaged: copy it again") from error


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _pack(arrays: Arrays) -> dict[str, Any]:
    return {name: _pack_one(np.asarray(array, order="C")) for name, array in arrays.items()}


def _pack_one(array: Array) -> dict[str, Any]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "data": base64.b64encode(zlib.compress(little.tobytes(), 9)).decode(),
    }


def _unpack(values: Mapping[str, Any]) -> dict[str, Array]:
    return {str(name): _unpack_one(value) for name, value in values.items()}


def _unpack_one(value: Mapping[str, Any]) -> Array:
    dtype = np.dtype(value["dtype"])
    shape: Sequence[int] = [int(size) for size in value["shape"]]
    expected = int(np.prod(shape)) * dtype.itemsize
    # A hostile file must not unpack to more than it declares.
    raw = zlib.decompressobj().decompress(base64.b64decode(value["data"]), expected + 1)
    if dtype.hasobject or len(raw) != expected:
        raise ValueError("test vector does not fit its shape")
    return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
