"""Contract tests for plugin authors: subclass `PairContract`, give it a pair, run pytest.

    class TestMyPair(PairContract):
        @pytest.fixture
        def pair(self) -> ModalityPair:
            return MyPair()

Tests of what a pair does not offer (a simulator, a model) are skipped with the reason.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from xmodkit.batching import Batcher
from xmodkit.complete import complete_prediction
from xmodkit.errors import PluginError, UsageError
from xmodkit.inputs import InputFile
from xmodkit.modality import Field, Modality
from xmodkit.modelfile import is_model_file
from xmodkit.pair import Failure, ModalityPair, Options, Predictor, Route, Sample
from xmodkit.prediction import Prediction
from xmodkit.predictor import ModelPredictor
from xmodkit.reading import Reader, Ready, samples_in_store
from xmodkit.records import (
    held,
    prediction_columns,
    prediction_rows,
    sample_columns,
    sample_rows,
)
from xmodkit.store import StoreReader, StoreWriter
from xmodkit.verify import verify

__all__ = ["PairContract"]

_SAMPLES = 6


class PairContract:
    """What every pair must do, whatever its data look like."""

    options: ClassVar[Options] = {}

    @pytest.fixture
    def pair(self) -> ModalityPair:
        """Return the pair under test."""
        raise NotImplementedError("define a `pair` fixture that returns your ModalityPair")

    @pytest.fixture
    def samples(self, pair: ModalityPair) -> list[Sample]:
        """Return a few samples: simulated ones, unless you override this."""
        try:
            return list(pair.simulate(_SAMPLES, 7, self.options))
        except (PluginError, ImportError) as error:
            pytest.skip(f"no samples to test with: {error}")

    @pytest.fixture
    def predicting(self, pair: ModalityPair) -> list[tuple[Route, Predictor]]:
        """Return every route that can be predicted here, with its predictor."""
        found = []
        for route in pair.routes:
            try:
                found.append((route, pair.predictor(route, None, "cpu", self.options)))
            except (PluginError, ImportError):
                continue
        if not found:
            pytest.skip("the pair ships no model")
        return found

    def test_names_are_words_that_people_can_type(self, pair: ModalityPair) -> None:
        """The pair, its modalities and its options have names without spaces or capitals."""
        names = [pair.name, *(m.name for m in pair.modalities), *(o.name for o in pair.options)]
        assert all(name == name.strip().lower() and " " not in name for name in names), names

    def test_routes_lead_between_its_modalities(self, pair: ModalityPair) -> None:
        """Every route starts and ends at a modality of the pair, and is found by its name."""
        assert pair.routes
        for route in pair.routes:
            pair.modality(route.source)
            pair.modality(route.target)
            assert pair.route(route.name) == route
            assert pair.route(f"{route.source}->{route.target}") == route

    def test_an_unknown_route_is_refused_by_name(self, pair: ModalityPair) -> None:
        """Asking for a route that is not there lists those that are."""
        with pytest.raises(UsageError, match=pair.routes[0].name):
            pair.route("nowhere:nothing")

    def test_field_names_are_unique(self, pair: ModalityPair) -> None:
        """No two modalities share a field: stores hold fields by name."""
        names = [field.name for modality in pair.modalities for field in modality.fields]
        assert len(names) == len(set(names)), names

    def test_fields_survive_json(self, pair: ModalityPair) -> None:
        """What a model file says of a field is what the pair declares."""
        for field in itertools.chain(*(modality.fields for modality in pair.modalities)):
            written = json.loads(json.dumps(field.to_json()))
            assert Field.from_json(written).to_json() == written

    def test_simulated_samples_fit_their_modalities(
        self, pair: ModalityPair, samples: list[Sample]
    ) -> None:
        """Every array a simulator yields passes its own field's check."""
        for sample in samples:
            for name, arrays in sample.arrays.items():
                pair.modality(name).check(arrays)

    def test_simulation_is_reproducible_sample_by_sample(
        self, pair: ModalityPair, samples: list[Sample]
    ) -> None:
        """The same seed gives the same sample, also when it is simulated alone."""
        again = next(iter(pair.simulate(1, 7, self.options, start=2)))
        assert again.id == samples[2].id
        for name, arrays in samples[2].arrays.items():
            for field, array in arrays.items():
                np.testing.assert_array_equal(again.arrays[name][field], array)

    def test_samples_survive_a_store(
        self, pair: ModalityPair, samples: list[Sample], tmp_path: Path
    ) -> None:
        """Samples written to a store and read back are the same, ragged fields included."""
        path = tmp_path / "samples.zarr"
        modalities = held(samples[0], pair.modalities)
        with StoreWriter.create(path, sample_columns(modalities)) as writer:
            writer.append(sample_rows(samples, modalities))
        back = samples_in_store(path, pair, pair.routes[0], every_modality=True)
        for sample, found in zip(samples, back, strict=True):
            assert found.id == sample.id
            for name, arrays in sample.arrays.items():
                for field, array in arrays.items():
                    np.testing.assert_array_equal(found.arrays[name][field], array)

    def test_encoded_rows_fit_what_the_pair_declares(
        self, pair: ModalityPair, samples: list[Sample]
    ) -> None:
        """The rows of every route hold exactly the fields that a graph of the route takes."""
        for route in pair.routes:
            rows = Modality("encoded", pair.encoded(route))
            for sample in samples:
                if route.source in sample.arrays:
                    for row in pair.encode(sample, route, self.options):
                        rows.check(row)
                        assert {field.name for field in rows.fields} <= set(row)

    def test_a_text_file_is_a_failure_and_not_an_exception(
        self, pair: ModalityPair, tmp_path: Path
    ) -> None:
        """A file that is not what its name says fails with one line that names it."""
        path = tmp_path / f"broken{pair.suffixes[0] if pair.suffixes else '.txt'}"
        path.write_text("\x00 this is not data \x01")
        items = list(Reader(pair, pair.routes[0], self.options).read(InputFile(path)))
        failures = [item for item in items if isinstance(item, Failure)]
        assert failures
        assert not any(isinstance(item, Ready) for item in items)
        assert "\n" not in failures[0].error
        assert path.name in failures[0].error

    def test_shipped_model_files_verify(
        self, pair: ModalityPair, predicting: list[tuple[Route, Predictor]]
    ) -> None:
        """Every shipped model file passes what `xmod verify` checks."""
        for route, _ in predicting:
            if route.kind == "model":
                path = pair.model_file(route, self.options)
                assert is_model_file(path)
                assert not [check for check in verify(path) if not check.ok]

    def test_test_vectors_show_what_further_inputs_may_be(
        self, predicting: list[tuple[Route, Predictor]]
    ) -> None:
        """The test vectors of a model file hold at least two values of each further input."""
        for _, predictor in predicting:
            if isinstance(predictor, ModelPredictor):
                vectors = predictor.metadata.vectors
                for name in predictor.route.inputs:
                    given = {vector.inputs[name].tobytes() for vector in vectors}
                    assert len(given) > 1, f"{predictor.file.path}: {name} is always the same"

    def test_a_batch_predicts_what_single_samples_do(
        self,
        pair: ModalityPair,
        samples: list[Sample],
        predicting: list[tuple[Route, Predictor]],
    ) -> None:
        """Batching, padding and grouping by shape change no value."""
        for route, predictor in predicting:
            chosen = [s for s in samples if route.source in s.arrays]
            together = self._predict(pair, route, predictor, chosen)
            for i, sample in enumerate(chosen):
                alone = self._predict(pair, route, predictor, [sample])
                for name, value in alone.fields.items():
                    one = value.value[0]
                    all_ = together.fields[name].value[i]
                    all_ = all_[tuple(slice(size) for size in one.shape)]
                    np.testing.assert_allclose(all_, one, rtol=1e-4, atol=1e-5)

    def test_predictions_survive_a_store(
        self,
        pair: ModalityPair,
        samples: list[Sample],
        predicting: list[tuple[Route, Predictor]],
        tmp_path: Path,
    ) -> None:
        """Every predicted field and derived value is stored under its name."""
        for route, predictor in predicting:
            chosen = [s for s in samples if route.source in s.arrays]
            found = self._predict(pair, route, predictor, chosen)
            outputs, derived = pair.outputs(route, predictor), pair.derived(route)
            path = tmp_path / f"{route.source}-{route.target}.zarr"
            columns = prediction_columns(found, outputs, derived)
            with StoreWriter.create(path, columns) as writer:
                writer.append(prediction_rows(chosen, found))
            reader = StoreReader(path)
            assert len(reader) == len(chosen)
            assert {f.name for f in (*outputs, *derived)} <= set(reader.fields)

    def test_bounds_hold_the_value_between_them(
        self,
        pair: ModalityPair,
        samples: list[Sample],
        predicting: list[tuple[Route, Predictor]],
    ) -> None:
        """A lower bound is never above the upper one; routes that promise bounds give them."""
        for route, predictor in predicting:
            chosen = [s for s in samples if route.source in s.arrays]
            found = self._predict(pair, route, predictor, chosen)
            bounds = [(v.lower, v.upper) for v in found.fields.values()]
            bounds += [(d.lower, d.upper) for d in found.derived.values()]
            if route.bounds != "none":
                assert any(lower is not None for lower, _ in bounds)
            for lower, upper in bounds:
                if lower is not None and upper is not None:
                    known = ~np.isnan(lower)
                    assert (lower[known] <= upper[known]).all()

    def _predict(
        self, pair: ModalityPair, route: Route, predictor: Predictor, samples: list[Sample]
    ) -> Prediction:
        pair = pair.configured(self.options, predictor)
        encoded = [pair.encode(sample, route, self.options) for sample in samples]
        owners = [i for i, rows in enumerate(encoded) for _ in rows]
        batcher = Batcher(predictor, pair.batch_size, pair.inputs(route, self.options))
        rows = batcher.run([row for rows in encoded for row in rows])
        combined = pair.combine(samples, rows, owners, route, predictor)
        return complete_prediction(pair, route, predictor, combined)
