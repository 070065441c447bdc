"""Samples without a truth are scored by nothing, and still tell what is familiar."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch")

from xmodkit.conformal import novelty_threshold
from xmodkit.errors import DataError
from xmodkit.pair import Sample
from xmodkit.train.judge import calibrate
from xmodkit.train.raw import predict_raw


def without_answer(sample: Sample) -> Sample:
    missing = {"answer": np.full(2, np.nan, np.float32)}
    return replace(sample, arrays={**sample.arrays, "answer": missing})


def test_the_threshold_is_that_of_all_rows_and_bounds_are_of_measured_ones(tiny: ModuleType):
    pair = tiny.Tiny()
    samples = list(pair.simulate(80, 0, {}))
    mixed = [without_answer(s) if i % 2 else s for i, s in enumerate(samples)]
    model, route = tiny.TinyModel(), pair.routes[0]
    whole, half = (predict_raw(pair, route, model, rows) for rows in (samples, mixed))
    assert (len(half.novelty), len(half.unmeasured)) == (40, 40)
    np.testing.assert_allclose(half.novelty, whole.novelty[::2], rtol=1e-5)
    np.testing.assert_allclose(half.unmeasured, whole.novelty[1::2], rtol=1e-5)
    _, calibration = calibrate(pair, route, half, "simulated")
    assert calibration.novelty_threshold == pytest.approx(novelty_threshold(whole.novelty))
    assert calibration.rows == 40


def test_no_measured_row_at_all_is_refused(tiny: ModuleType):
    pair = tiny.Tiny()
    samples = [without_answer(sample) for sample in pair.simulate(5, 0, {})]
    with pytest.raises(DataError, match="of no sample was anything of the answer measured"):
        predict_raw(pair, pair.routes[0], tiny.TinyModel(), samples)


def test_declined_samples_do_not_widen_the_bounds_of_others(tiny: ModuleType):
    """A sample of which a field is NaN throughout gets no bounds: none need reach its truth."""
    pair = tiny.Tiny()
    samples = list(pair.simulate(80, 0, {}))
    whole = predict_raw(pair, pair.routes[0], tiny.TinyModel(), samples)
    value = whole.value["answer"].copy()
    value[:20] = np.nan
    declined = replace(whole, value={"answer": value})
    rest = replace(
        whole,
        truth={"answer": whole.truth["answer"][20:]},
        value={"answer": whole.value["answer"][20:]},
        scale={"answer": whole.scale["answer"][20:]},
        novelty=whole.novelty[20:],
        groups=whole.groups[20:],
    )
    found, expected = (
        calibrate(pair, pair.routes[0], outcome, "simulated")[0] for outcome in (declined, rest)
    )
    for one, other in zip(found["answer"], expected["answer"], strict=True):
        np.testing.assert_array_equal(one, other)
