"""A model file says what it is, and any change to it is found."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xmodkit.errors import ModelFileError
from xmodkit.modelfile import ModelMetadata, TestVector, read_model_file, write_model_file
from xmodkit.protobuf import (
    METADATA,
    Entry,
    encode_bytes,
    encode_metadata,
    encode_number,
    entries,
    read_metadata,
    read_numbers,
)


def test_metadata_read_back_are_those_written(tiny_model: Path):
    file = read_model_file(tiny_model)
    assert file.metadata.plugin == "tiny"
    assert file.metadata.route.name == "scan:level"
    assert file.metadata.calibration.derived["brightness"].strata[0].limits == (0.0, 5.0)
    assert file.opset == 20
    again = ModelMetadata.from_properties(file.metadata.to_properties())
    assert again.to_properties() == file.metadata.to_properties()


def test_onnx_itself_reads_the_metadata(tiny_model: Path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model(tiny_model)
    onnx.checker.check_model(model, full_check=True)
    properties = {p.key: p.value for p in model.metadata_props}
    assert json.loads(properties["xmodkit.plugin"])["name"] == "tiny"


def test_writing_again_keeps_the_graph_and_replaces_the_metadata(tiny_model: Path):
    before = read_model_file(tiny_model)
    write_model_file(tiny_model, before.data, replace(before.metadata, licence="CC0"))
    after = read_model_file(tiny_model)
    assert after.graph_hash == before.graph_hash
    assert after.metadata.licence == "CC0"
    assert after.identity != before.identity


def test_any_changed_byte_is_found(tiny_model: Path, tmp_path: Path):
    data = tiny_model.read_bytes()
    rng = random.Random(3)
    for position in [*range(0, 40), *rng.sample(range(len(data)), 120), len(data) - 1]:
        changed = bytearray(data)
        changed[position] ^= 1 << rng.randrange(8)
        path = tmp_path / "changed.onnx"
        path.write_bytes(changed)
        with pytest.raises(ModelFileError, match=r"changed\.onnx"):
            read_model_file(path)


def test_a_file_cut_short_anywhere_is_found(tiny_model: Path, tmp_path: Path):
    data = tiny_model.read_bytes()
    for size in range(0, len(data), 97):
        path = tmp_path / "short.onnx"
        path.write_bytes(data[:size])
        with pytest.raises(ModelFileError):
            read_model_file(path)


def test_an_absent_file_and_a_strangers_onnx_are_named(tmp_path: Path):
    with pytest.raises(ModelFileError, match="no such model file"):
        read_model_file(tmp_path / "nowhere.onnx")
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([], "empty", [], [])
    (tmp_path / "strange.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(ModelFileError, match="no xmodkit metadata"):
        read_model_file(tmp_path / "strange.onnx")


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_appended_metadata_are_read_back(properties: dict[str, str]):
    found = dict(
        read_metadata(entry)
        for entry in entries(encode_metadata(properties))
        if entry.number == METADATA
    )
    assert found == properties


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5))
def test_numbers_are_read_back_alone_and_packed(numbers: list[int]):
    alone = list(entries(b"".join(encode_number(1, n) for n in numbers)))
    assert [n for entry in alone for n in read_numbers(entry)] == numbers
    payload = b"".join(entry.raw[1:] for entry in alone)  # without their keys of one byte
    (packed,) = entries(encode_bytes(1, payload))
    assert isinstance(packed, Entry)
    assert read_numbers(packed) == numbers


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_bytes_that_are_no_message_raise_our_error_or_parse_whole(data: bytes):
    try:
        parts = list(entries(data))
    except ModelFileError:
        return
    assert b"".join(part.raw for part in parts) == data


@given(
    st.sampled_from(["uint8", "int64", "float32", "bool"]),
    st.lists(st.integers(1, 4), max_size=3),
)
def test_test_vectors_keep_dtype_shape_and_values(dtype: str, shape: list[int]):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    vector = TestVector({"a": array}, {"b": array})
    again = TestVector.from_json(json.loads(json.dumps(vector.to_json())))
    assert again.inputs["a"].dtype == array.dtype
    np.testing.assert_array_equal(again.outputs["b"], array)


def test_a_vector_that_would_unpack_to_more_than_it_declares_is_refused():
    vector = TestVector({"a": np.zeros(1000, np.uint8)}, {}).to_json()
    vector["inputs"]["a"]["shape"] = [10]
    with pytest.raises(ValueError, match="does not fit"):
        TestVector.from_json(vector)
