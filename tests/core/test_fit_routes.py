"""A route that the pair solves itself is predicted, stored and loaded as a model's is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import xmodkit
from xmodkit import plugins
from xmodkit.errors import UsageError
from xmodkit.modality import Array, Arrays, Axis, Field, Modality
from xmodkit.pair import ModalityPair, Predictor, Route
from xmodkit.pipeline import run
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit.predictor import ModelPredictor
from xmodkit.store import StoreReader

ROWS = Field("rows", (Axis("row", pad=True), Axis("channel", 3)), fill=0)
SOLVED = Route("scan", "rows", kind="fit")


class Solver:
    """Reads each image's rows off, as many as it has; its scalar has bounds of its own."""

    route = SOLVED
    outputs = (ROWS,)
    device = "cpu"
    identity = "solver 1"

    def __init__(self, model: ModelPredictor) -> None:
        self.model = model
        self.inputs = model.inputs

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        images = arrays["scan"].astype(np.float32)
        found = self.model.run(arrays)
        rows = images.mean(axis=2)  # (sample, row, channel)
        n = len(rows)
        extents = np.tile(np.array(rows.shape[1:], np.int32), (n, 1))
        value = found.value.mean(axis=1)
        bright = Derived(value, value - 7, value + 7, "1", np.full(n, "value"))
        return Prediction(
            {"rows": Value(rows, rows - 1, rows + 1, "1", ROWS.axes, extents)},
            derived={"brightness": bright},
            novelty=found.novelty,
            novel=found.novel,
            bounds_source=np.full(n, "simulated"),
        )


@pytest.fixture
def pair(pair: ModalityPair) -> ModalityPair:
    """Return the small pair with a fit beside its model."""

    class Solving(type(pair)):
        routes = (*pair.routes, SOLVED)
        modalities = (*pair.modalities, Modality("rows", (ROWS,)))

        def __init__(self) -> None:
            self.model = pair.model

        def predictor(self, route, model, device, options) -> Predictor:
            found = ModelPredictor(model or self.model, device="cpu")
            return Solver(found) if route.kind == "fit" else found

        def derive(self, fields: Arrays, route: Route) -> dict[str, Derived]:
            return super().derive(fields, route) if "level" in fields else {}

    return Solving()


def test_fits_are_stored_with_ragged_extents_and_their_own_scalars(
    job: Callable, pair: ModalityPair, folder: Callable
):
    solver = pair.predictor(SOLVED, None, "cpu", {})
    told = replace(job(folder(a="10;20 6;30", b="40 5"), predictor=solver), route=SOLVED)
    summary = run(told)
    assert (summary.out, summary.failed) == (4, 0)
    reader = StoreReader(told.paths.store)
    samples = list(reader.samples())
    assert [s["rows"].shape for s in samples] == [(4, 3), (6, 3), (4, 3), (5, 3)]
    assert [float(s["rows"][0, 0]) for s in samples] == [10, 20, 30, 40]
    np.testing.assert_array_equal(samples[1]["rows_lower"], samples[1]["rows"] - 1)
    for s in samples:
        assert s["brightness_upper"] - s["brightness"] == 7
        assert s["brightness_status"] == "value"


def test_a_fit_is_loaded_by_its_route(pair: ModalityPair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plugins, "pair", lambda name: pair)
    image = np.full((5, 4, 3), 20, np.uint8)
    for name in ("tiny", pair.model):
        found = xmodkit.load(name, route="scan->rows")([image, image[:3]])
        assert found.fields["rows"].shape.tolist() == [[5, 3], [3, 3]]
        np.testing.assert_allclose(found.derived["brightness"].lower, [13, 13])
    with pytest.raises(UsageError, match="pointwise bounds alone"):
        xmodkit.load("tiny", route="scan:rows", band="curve")
