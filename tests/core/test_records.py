"""Samples and predictions lie in a store under the names of the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.modality import Axis, Field, Modality
from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit.records import prediction_columns, prediction_rows, sample_columns, sample_rows
from xmodkit.store import StoreReader, StoreWriter

ENERGY = Axis("energy", 3, "eV", (1.0, 2.0, 3.0))
SPECTRUM = Field("spectrum", (ENERGY,), unit="1", long_name="absorption")
GAP = Field("gap", unit="eV", long_name="band gap")
PHOTO = Modality("photo", (Field("photo", (Axis("y"), Axis("x")), "uint8", fill=0),))
MASK = Field("mask", (Axis("y"), Axis("x"), Axis("c", 2)), "uint8", fill=0)


def prediction(n: int = 2) -> Prediction:
    curve = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    gap = np.arange(n, dtype=np.float32)
    return Prediction(
        {"spectrum": Value(curve, curve - 1, curve + 1, "1", SPECTRUM.axes)},
        {"gap": Derived(gap, gap - 0.5, gap + 0.5, "eV", np.array(["value", "above"])[:n])},
        novelty=gap,
        novel=gap > 0,
        latent=curve[:, :2],
        bounds_source=np.array(["simulated", "none"])[:n],
    )


def samples(n: int = 2) -> list[Sample]:
    return [
        Sample(
            f"s{i}",
            {"photo": {"photo": np.full((i + 1, 2), i, np.uint8)}},
            f"f{i}.png",
            metadata={"x": i},
            groups={"plate": "p"},
        )
        for i in range(n)
    ]


def stored(path: Path, columns: list[Field], rows: dict) -> StoreReader:
    with StoreWriter.create(path, columns) as writer:
        writer.append(rows)
    return StoreReader(path)


def test_a_prediction_is_stored_under_the_names_of_the_contract(tmp_path: Path):
    columns = prediction_columns(prediction(), [SPECTRUM], [GAP])
    reader = stored(tmp_path / "p.zarr", columns, prediction_rows(samples(), prediction()))
    assert list(reader.fields) == [
        "sample_id",
        "source",
        *("spectrum", "spectrum_lower", "spectrum_upper"),
        *("gap", "gap_lower", "gap_upper", "gap_status"),
        *("novelty", "novel", "bounds_source", "latent"),
    ]
    assert list(reader.read("sample_id")) == ["s0", "s1"]
    assert list(reader.read("source")) == ["f0.png", "f1.png"]
    np.testing.assert_array_equal(reader.read("spectrum_upper"), prediction().upper)
    np.testing.assert_array_equal(reader.read("gap_lower"), [-0.5, 0.5])
    assert list(reader.read("gap_status")) == ["value", "above"]
    assert list(reader.read("bounds_source")) == ["simulated", "none"]
    assert reader.fields["spectrum_lower"].axes == (ENERGY,)
    assert reader.fields["spectrum_lower"].long_name == "lower bound of absorption"
    assert reader.fields["gap_upper"].unit == "eV"


@pytest.mark.parametrize("absent", ["novelty", "novel", "bounds_source", "latent"])
def test_what_a_predictor_does_not_give_is_left_out_and_the_rest_stored(
    tmp_path: Path, absent: str
):
    partly = Prediction(**{**prediction().__dict__, absent: None})
    columns = prediction_columns(partly, [SPECTRUM], [GAP])
    reader = stored(tmp_path / "p.zarr", columns, prediction_rows(samples(), partly))
    whole = {field.name for field in prediction_columns(prediction(), [SPECTRUM], [GAP])}
    assert set(reader.fields) == whole - {absent}


def test_values_without_bounds_or_status_have_no_columns_for_them(tmp_path: Path):
    bare = Prediction(
        {"spectrum": Value(prediction().value, axes=SPECTRUM.axes)},
        {"gap": Derived(np.zeros(2, np.float32))},
    )
    columns = prediction_columns(bare, [SPECTRUM], [GAP])
    reader = stored(tmp_path / "p.zarr", columns, prediction_rows(samples(), bare))
    assert list(reader.fields) == ["sample_id", "source", "spectrum", "gap"]


def test_inputs_are_kept_under_a_name_of_their_own(tmp_path: Path):
    columns = prediction_columns(prediction(), [SPECTRUM], [GAP], PHOTO)
    rows = prediction_rows(samples(), prediction(), PHOTO)
    reader = stored(tmp_path / "p.zarr", columns, rows)
    for sample, row in zip(samples(), reader.samples(), strict=True):
        np.testing.assert_array_equal(row["input_photo"], sample.arrays["photo"]["photo"])


@pytest.mark.parametrize("columns_of_shape", [[0, 1, 2], [0, 1]])
def test_padded_values_are_stored_with_their_true_extents(
    tmp_path: Path, columns_of_shape: list[int]
):
    """The extents may be of all axes, or of the ragged ones alone."""
    extents = np.array([[1, 2, 2], [3, 1, 2]], np.int32)
    value = np.zeros((2, 3, 2, 2), np.uint8)
    for i, (y, x, _) in enumerate(extents):
        value[i, :y, :x] = i + 5
    masks = Value(value, axes=MASK.axes, shape=extents[:, columns_of_shape])
    found = Prediction({"mask": masks})
    columns = prediction_columns(found, [MASK], [])
    reader = stored(tmp_path / "p.zarr", columns, prediction_rows(samples(), found))
    for i, row in enumerate(reader.samples()):
        assert row["mask"].shape == tuple(extents[i])
        assert (row["mask"] == i + 5).all()


def test_samples_come_back_with_what_is_known_of_them(tmp_path: Path):
    reader = stored(tmp_path / "s.zarr", sample_columns([PHOTO]), sample_rows(samples(), [PHOTO]))
    assert list(reader.fields) == ["sample_id", "source", "photo", "groups", "metadata"]
    for sample, row in zip(samples(), reader.samples(), strict=True):
        assert str(row["sample_id"]) == sample.id
        assert str(row["metadata"]) == f'{{"x": {sample.metadata["x"]}}}'
        assert str(row["groups"]) == '{"plate": "p"}'
        np.testing.assert_array_equal(row["photo"], sample.arrays["photo"]["photo"])
