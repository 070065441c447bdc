"""Figures of a judged run: images and frames from best to worst, S(r), errors, scalars."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xmodkit.evaluation import TRAINING_MEAN, Candidate, Evaluation, Figure
from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.report.style import style
from xmodkit_saxs_sem.metrics import lineal_path, two_point
from xmodkit_saxs_sem.metrics.spectrum import power_spectrum, q_polar
from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.pair import SaxsSem
from xmodkit_saxs_sem.report.correlations import correlations
from xmodkit_saxs_sem.report.coverage import coverage
from xmodkit_saxs_sem.report.frames import frame_errors
from xmodkit_saxs_sem.report.ranking import chosen_rows, sample_errors

pytest.importorskip("matplotlib")

ROWS, MEMBERS = 12, 20


def _lines(spacings: Array, level: float | Array) -> Array:
    """Return lines of those spacings, their level wavering along them (..., 96, 96)."""
    y, x = 4.0 * np.indices((SIZE, SIZE))
    wave = np.cos(2 * np.pi / np.asarray(spacings)[..., None, None] * (x + 4 * np.sin(y / 40)))
    return np.asarray(255 * (wave > np.asarray(level)[..., None, None]), np.uint8)


def _logs(images: Array) -> Array:
    power = power_spectrum(images.reshape(-1, SIZE, SIZE)).reshape(images.shape)
    background = 0.02 * (np.maximum(q_polar()[0], 0.03) / 0.1) ** -3 + 0.01
    return np.log10(power / power.max() * 50 + background).astype(np.float32)


def _statistics(images: Array) -> dict[str, Array]:
    return {
        "two_point": two_point(images),
        "lineal_path_vertical": lineal_path(images, vertical=True),
        "lineal_path_horizontal": lineal_path(images, vertical=False),
    }


def _samples(images: Array, logs: Array) -> list[Sample]:
    mask = (q_polar()[0] > 0.05).astype(np.uint8)
    return [
        Sample(
            f"film {i}",
            {
                "saxs": {"intensity": 1e4 * 10**log * mask, "mask": mask},
                "sem": {"micrograph": np.tile(image, (2, 3)), "pixel_nm": np.float32(2)},
            },
        )
        for i, (image, log) in enumerate(zip(images, logs, strict=True))
    ]


def _judged(
    route_name: str, truth: dict[str, Array], found: dict[str, Value], images: Array, logs: Array
) -> Evaluation:
    pair = SaxsSem()
    route = pair.route(route_name)
    values = {name: value.value for name, value in found.items()}
    prediction = Prediction(
        found, pair.derive(values, route), novelty=np.ones(ROWS), novel=np.arange(ROWS) > 9
    )
    model: Any = SimpleNamespace(target=lambda route, one: {})
    run = Candidate("mine", {"data": {"source": "simulated"}}, (route_name,), (), model,
        lambda *_: prediction)  # fmt: skip
    mean = {n: np.broadcast_to(t.mean(axis=0), t.shape) for n, t in truth.items()}
    peers = {"mine": values, TRAINING_MEAN: mean}
    if "two_point" in truth:
        peers["inverse Fourier transform"] = {"two_point": truth["two_point"] + np.float32(0.03)}
    return Evaluation(
        pair, route, (run,), _samples(images, logs), truth, prediction, peers, (), {}, {}, {}, "s",
        "test", 0.9, "simulated",
    )  # fmt: skip


@pytest.fixture
def morphologies() -> Evaluation:
    """Return predicted ensembles that are the worse the later a sample comes."""
    rng = np.random.default_rng(0)
    spacing, level = rng.uniform(28, 46, ROWS), rng.uniform(-0.2, 0.2, ROWS)
    images = _lines(spacing, level)
    worse = 0.02 * np.arange(ROWS)[:, None] + 0.03 * rng.normal(size=(ROWS, MEMBERS))
    members = _lines(np.repeat(spacing[:, None], MEMBERS, 1), level[:, None] + 1.5 * worse)
    truth = {**_statistics(images), "micrograph": images.astype(np.float32)}
    of_members = {name: s.mean(axis=1) for name, s in _statistics(members).items()}
    found = {
        "micrograph": Value(members[:, 0]),
        "probability": Value(members.mean(axis=1) / 255),
        "ensemble": Value(members),
        **{n: Value(v, v - 0.05, v + 0.05) for n, v in of_members.items()},
    }
    return _judged("saxs:sem", truth, found, images, _logs(images))


@pytest.fixture
def frames() -> Evaluation:
    """Return predicted frames that are the worse the later a sample comes."""
    rng = np.random.default_rng(1)
    images = _lines(rng.uniform(28, 46, ROWS), np.zeros(ROWS))
    logs = _logs(images)
    truth = np.where(q_polar()[0] > 0.05, logs, np.nan)
    guess = logs + 0.05 * np.arange(ROWS)[:, None, None] * rng.normal(size=logs.shape)
    found = {"log_intensity": Value(guess.astype(np.float32), guess - 0.3, guess + 0.3)}
    return _judged("sem:saxs", {"log_intensity": truth}, found, images, logs)


def _drawn(evaluation: Evaluation) -> dict[str, Figure]:
    with style():
        return {figure.name: figure for figure in evaluation.pair.figures(evaluation)}


def test_every_figure_is_a_picture_with_a_caption(
    morphologies: Evaluation, frames: Evaluation
) -> None:
    forward, back = _drawn(morphologies), _drawn(frames)
    assert set(forward) == {"correlations", "coverage_over_r", "images", "derived"}
    assert set(back) == {"frames", "frame_errors", "derived"}
    for figure in (*forward.values(), *back.values()):
        with Image.open(io.BytesIO(figure.picture)) as picture:
            assert picture.width > 900
        assert figure.caption.endswith(".")


def test_samples_are_ranked_by_the_published_error(morphologies: Evaluation) -> None:
    errors = sample_errors(morphologies)
    expected = np.abs(
        morphologies.prediction.fields["two_point"].value - morphologies.truth["two_point"]
    ).mean(axis=1)
    np.testing.assert_allclose(errors, expected)
    order = list(np.argsort(errors))
    chosen = chosen_rows(morphologies, 2)
    assert chosen == {"best": order[:2], "median": order[5:7], "worst": order[-2:]}


def test_the_summary_holds_the_error_of_every_peer(morphologies: Evaluation) -> None:
    (median, fraction) = correlations(morphologies).rows
    assert median.values["inverse Fourier transform"] == pytest.approx(0.03, abs=1e-6)
    assert set(median.values) == set(fraction.values) == set(morphologies.peers)
    assert "0.0076" in median.published


def test_coverage_and_crps_are_given_at_each_distance(morphologies: Evaluation) -> None:
    figure = coverage(morphologies)
    assert set(figure.numbers["coverage"]) == {"calibrated bounds", "interval of the ensemble"}
    for curve in figure.numbers["coverage"].values():
        assert len(curve) == 48
        assert 0 <= min(curve) <= max(curve) <= 1
    (row,) = figure.rows
    assert 0 < float(row.values["mine"] or 0) < 0.1


def test_errors_of_frames_do_not_count_what_was_not_measured(frames: Evaluation) -> None:
    figure = frame_errors(frames)
    profile = np.array(figure.numbers["absolute_error"]["mine"])
    assert np.isfinite(profile).all()
    expected = 0.05 * np.arange(ROWS).mean() * np.sqrt(2 / np.pi)
    assert profile[5:].mean() == pytest.approx(expected, rel=0.1)
    assert len(figure.rows[0].values) == len(frames.peers)


def test_few_members_have_no_interval_of_their_own(morphologies: Evaluation) -> None:
    fields = dict(morphologies.prediction.fields)
    fields["ensemble"] = Value(fields["ensemble"].value[:, :3])
    few = _judged(
        "saxs:sem", dict(morphologies.truth), fields, morphologies.truth["micrograph"],
        _logs(morphologies.truth["micrograph"]),
    )  # fmt: skip
    assert set(coverage(few).numbers["coverage"]) == {"calibrated bounds"}
