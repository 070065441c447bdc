"""A store is read once, checked sample by sample, and kept in memory or on disk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from xmodkit.errors import DataError, InputError
from xmodkit.records import sample_columns, sample_rows
from xmodkit.store import StoreWriter
from xmodkit.train import TrainJob, train
from xmodkit.train.data import load_dataset


@pytest.fixture
def load(tiny):
    pair = tiny.Tiny()

    def load(path, group="plate", **more):
        return load_dataset(path, pair, pair.routes[0], tiny.TinyModel(), group, **more)

    return load


@pytest.mark.parametrize(("modality", "value"), [("signal", np.nan), ("answer", np.inf)])
def test_a_value_that_is_not_finite_names_its_sample(
    load, tiny, samples, tmp_path, modality, value
):
    broken = samples[7].arrays[modality][modality].copy()
    broken[1] = value
    arrays = {**samples[7].arrays, modality: {modality: broken}}
    store = tiny.write_store(
        tmp_path / "s.zarr", [*samples[:7], replace(samples[7], arrays=arrays)]
    )
    with pytest.raises(DataError, match=f"sample s0007: {modality}: NaN or infinite"):
        load(store)


def test_two_samples_of_one_id_are_refused(load, tiny, samples, tmp_path):
    twice = [samples[0], replace(samples[1], id=samples[0].id)]
    with pytest.raises(DataError, match="1 samples share an id"):
        load(tiny.write_store(tmp_path / "s.zarr", twice))


def test_a_store_without_what_the_model_needs_is_refused(load, tiny, samples, tmp_path):
    with StoreWriter.create(tmp_path / "s.zarr", sample_columns([tiny.SIGNAL])) as writer:
        writer.append(sample_rows(samples, [tiny.SIGNAL]))
    with pytest.raises(DataError, match="model tiny needs 'answer', the store holds signal"):
        load(tmp_path / "s.zarr")


def test_groups_that_no_sample_has_are_refused_with_those_there_are(load, tiny_store):
    with pytest.raises(DataError, match="no sample has a batch; split by plate or sample"):
        load(tiny_store, "batch")
    assert len(set(load(tiny_store, "plate").groups)) == 60
    assert load(tiny_store, "sample").groups == load(tiny_store).ids


def test_the_hash_is_of_what_was_read_whatever_a_model_makes_of_it(
    load, tiny, tiny_store, monkeypatch
):
    """Preparing may differ in its last digits, with the number of threads; the data do not."""
    before = load(tiny_store).hash
    prepare = tiny.TinyModel.prepare

    def slightly_else(self, sample):
        return {k: (v * (1 + 1e-6)).astype(v.dtype) for k, v in prepare(self, sample).items()}

    monkeypatch.setattr(tiny.TinyModel, "prepare", slightly_else)
    assert load(tiny_store).hash == before


def test_arrays_on_disk_equal_those_in_memory(load, tiny_store, tmp_path):
    one = load(tiny_store)
    other = load(tiny_store, memory="blocks", cache=tmp_path)
    assert one.hash == other.hash
    rows = np.array([5, 3, 299])
    for name, array in one.part(rows).items():
        on_disk = other.part(rows)[name]
        assert isinstance(on_disk, np.memmap)
        np.testing.assert_array_equal(array, on_disk)


def test_training_from_blocks_sees_every_row_once_and_loses_as_much(tiny, tiny_store, tmp_path):
    seen, validation = {}, {}
    for memory in ("all", "blocks"):
        models = []

        class Watched(tiny.TinyModel):
            def __init__(self, kept=models):
                super().__init__()
                kept.append(self)

        pair = tiny.Tiny()
        pair.models = lambda kind=Watched: {"tiny": kind}
        history = []
        job = TrainJob(pair, "tiny", tiny_store, tmp_path / memory, epochs=20, memory=memory)
        run = train(job, history.append)
        rows = run.settings["split"]["train"]
        values = np.concatenate(models[-1].seen)  # the first one only tells its routes
        seen[memory] = np.sort(values[:rows]), np.sort(values[rows : 2 * rows])
        validation[memory] = history[-1].validation
        assert not list((tmp_path / memory / "cache").glob("*"))
    first = seen["all"][0]
    assert len(np.unique(first)) == len(first)
    for epochs in seen.values():
        for epoch in epochs:
            np.testing.assert_array_equal(epoch, first)
    assert validation["blocks"] == pytest.approx(validation["all"], rel=0.05)


def test_predictions_are_no_truth_to_learn_from(load, tiny, samples, tmp_path):
    path = tmp_path / "p.zarr"
    columns = sample_columns(tiny.Tiny.modalities)
    with StoreWriter.create(path, columns, attributes={"model_hash": "x"}) as writer:
        writer.append(sample_rows(samples[:20], tiny.Tiny.modalities))
    with pytest.raises(InputError, match="holds predictions of `xmod infer`, which are no truth"):
        load(path)
