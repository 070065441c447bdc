"""`verify` accepts a good file and names what is wrong with any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import DataError
from xmodkit.initializers import replace_initializers
from xmodkit.modelfile import TestVector, read_model_file, write_model_file
from xmodkit.predictor import ModelPredictor
from xmodkit.verify import _difference, _extremes, verify


def failed(path: Path) -> list[str]:
    return [check.name for check in verify(path) if not check.ok]


def test_a_good_file_passes_every_check(tiny_model: Path):
    checks = list(verify(tiny_model))
    assert len(checks) >= 6
    assert not failed(tiny_model)


def test_one_changed_expected_value_is_found_even_with_right_hashes(tiny_model: Path):
    file = read_model_file(tiny_model)
    vector = file.metadata.vectors[0]
    level = vector.outputs["level"].copy()
    level[0, 1] += 0.01
    wrong = TestVector(vector.inputs, {**vector.outputs, "level": level})
    write_model_file(tiny_model, file.data, replace(file.metadata, vectors=(wrong,)))
    assert failed(tiny_model) == ["cpu: test vector 0"]


def test_a_changed_weight_is_found_even_with_right_hashes(tiny_model: Path):
    file = read_model_file(tiny_model)
    changed = file.data.replace(np.float32(10).tobytes(), np.float32(11).tobytes())
    assert changed != file.data
    write_model_file(tiny_model, changed, file.metadata)
    assert "cpu: test vector 0" in failed(tiny_model)


def test_a_changed_byte_fails_the_hashes(tiny_model: Path):
    data = bytearray(tiny_model.read_bytes())
    data[60] ^= 1
    tiny_model.write_bytes(data)
    assert failed(tiny_model) == ["hashes and schema"]


def test_an_opset_other_than_stated_is_found(tiny_model: Path):
    file = read_model_file(tiny_model)
    write_model_file(tiny_model, file.data, replace(file.metadata, opset=17))
    assert "opset" in failed(tiny_model)


def test_a_file_without_test_vectors_is_not_proven(tiny_model: Path):
    file = read_model_file(tiny_model)
    write_model_file(tiny_model, file.data, replace(file.metadata, vectors=()))
    assert failed(tiny_model) == ["test vectors"]


def test_an_absent_file_is_one_failed_check(tmp_path: Path):
    assert failed(tmp_path / "nowhere.onnx") == ["hashes and schema"]


def test_bounds_without_an_end_are_no_difference(tiny_model: Path):
    file = read_model_file(tiny_model)
    data = replace_initializers(file.data, {"ten": np.array(np.inf, np.float32)})
    (vector,) = file.metadata.vectors
    outputs = ModelPredictor(replace(file, data=data), "cpu").run_raw(vector.inputs)
    assert np.isinf(outputs["level_upper"]).all()
    vectors = (TestVector(vector.inputs, outputs),)
    write_model_file(tiny_model, data, replace(file.metadata, vectors=vectors))
    assert failed(tiny_model) == []


def test_a_field_that_is_declined_already_of_the_test_vector_may_be_missing_at_the_ends(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    """A value that is not finite only at the ends, of a sample that is not novel, is a fault."""

    def declining(self: ModelPredictor, arrays, **inputs):
        found = run(self, arrays, **inputs)
        level = replace(
            found.fields["level"], value=np.full_like(found.fields["level"].value, np.nan)
        )
        return replace(found, fields={"level": level}, novel=np.zeros(len(level.value), bool))

    run = ModelPredictor.run
    monkeypatch.setattr(ModelPredictor, "run", declining)
    file = read_model_file(tiny_model)
    with pytest.raises(DataError, match="not finite and not flagged novel"):
        _extremes(ModelPredictor(file, "cpu"))
    (vector,) = file.metadata.vectors
    missing = {**vector.outputs, "level": np.full_like(vector.outputs["level"], np.nan)}
    vectors = (TestVector(vector.inputs, missing),)
    declined = replace(file, metadata=replace(file.metadata, vectors=vectors))
    assert _extremes(ModelPredictor(declined, "cpu")) == "finite, or flagged novel"


def levels(*values: int) -> np.ndarray:
    """Return an image of 1000 levels, all 100 but for the first ones."""
    image = np.full((1, 10, 100), 100, np.uint8)
    image.reshape(-1)[: len(values)] = values
    return image


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        ((), 0.0),
        ((101,), 0.0),  # one in a thousand may be rounded the other way
        ((101, 99), float("inf")),
        ((102,), float("inf")),
        ((101, 0, 255), float("inf")),
    ],
)
def test_few_levels_may_be_one_off(found, difference: float):
    assert _difference("image", levels(*found), levels(), 255.0) == difference


def test_the_tolerance_in_the_file_is_the_one_that_counts(tiny_model: Path):
    file = read_model_file(tiny_model)
    (vector,) = file.metadata.vectors
    scale = float(np.abs(vector.outputs["level"]).max())
    level = vector.outputs["level"].copy()
    level[0, 0] += 1e-3 * scale
    off = replace(
        file.metadata, vectors=(TestVector(vector.inputs, {**vector.outputs, "level": level}),)
    )
    write_model_file(tiny_model, file.data, off)
    assert failed(tiny_model) == ["cpu: test vector 0"]
    write_model_file(tiny_model, file.data, replace(off, tolerances={"cpu": 2e-3, "cuda": 2e-3}))
    assert failed(tiny_model) == []


def test_what_no_vector_can_replay_is_named_and_not_called_proved(tiny_model: Path):
    file = read_model_file(tiny_model)
    assert all(check.checked for check in verify(tiny_model))
    write_model_file(tiny_model, file.data, replace(file.metadata, details={"basis": [[1.0]]}))
    last = list(verify(tiny_model))[-1]
    assert (last.ok, last.checked) == (True, False)
    assert last.detail.startswith("basis: ")
