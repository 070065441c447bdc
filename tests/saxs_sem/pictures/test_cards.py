"""Cards show what went in beside what came out, its bounds, and whether it is novel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor

from xmodkit.curveplot import ACCENT, BAND, CURVE, INK
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_saxs_sem.frames import RING_Q, radial_profile, reduced, upright
from xmodkit_saxs_sem.modalities import PIXEL_NM, PROBABILITY
from xmodkit_saxs_sem.pair import SaxsSem
from xmodkit_saxs_sem.pictures.card_frame import FRAME_LEFT, STEP, TILE, TOP
from xmodkit_saxs_sem.pictures.frame import MASKED, colours, draw_frame, paint_frame
from xmodkit_saxs_sem.pictures.micrograph import central_field, field_box, montage

PAIR = SaxsSem()


def share(picture: np.ndarray, colour: str) -> float:
    return float((picture == ImageColor.getrgb(colour)).all(axis=2).mean())


def drawn(sample: Sample, found: Prediction, route: str) -> np.ndarray:
    card = PAIR.draw(sample, found, PAIR.route(route))
    assert card is not None
    return np.asarray(card.convert("RGB"))


def test_a_frame_its_image_its_members_and_the_curve_are_on_the_card(
    film: Sample, predict: Callable[..., Prediction]
):
    found = predict(film, "saxs", n=8)
    sample = replace(film, arrays={"saxs": film.arrays["saxs"]})
    card = drawn(sample, found, "saxs:sem")
    left = FRAME_LEFT + STEP
    image = card[TOP : TOP + TILE : 2, left : left + TILE : 2, 0]
    np.testing.assert_array_equal(image, found.fields["micrograph"].value)
    frame = card[TOP : TOP + TILE, FRAME_LEFT : FRAME_LEFT + TILE]
    assert (frame == MASKED).all(axis=2).any()
    assert share(card, CURVE) > 0
    assert share(card, BAND) > 0.002
    wider = drawn(film, found, "saxs:sem")
    assert wider.shape[1] == card.shape[1] + STEP


def without_bounds(value: Value) -> Value:
    if value.lower is None:
        return value
    none = np.full_like(value.value, np.nan)
    return replace(value, lower=none, upper=none)


@pytest.mark.parametrize(("source", "route"), [("saxs", "saxs:sem"), ("sem", "sem:saxs")])
def test_a_novel_sample_is_framed_has_a_badge_and_no_band(
    film: Sample, predict: Callable[..., Prediction], source: str, route: str
):
    plain = predict(film, source)
    hidden = {name: without_bounds(value) for name, value in plain.fields.items()}
    novel = replace(plain, fields=hidden, novel=np.bool_(True), bounds_source=np.str_("none"))
    shown, marked = drawn(film, plain, route), drawn(film, novel, route)
    assert share(marked, ACCENT) > share(shown, ACCENT) + 0.003
    assert (marked[0] == ImageColor.getrgb(ACCENT)).all()
    assert share(marked, BAND) == 0 < share(shown, BAND)


def test_a_frame_without_q_is_drawn_without_an_axis(
    unknown_q: Sample, predict: Callable[..., Prediction]
):
    card = drawn(unknown_q, predict(unknown_q, "saxs", n=2), "saxs:sem")
    assert share(card, ACCENT) > 0.003


def test_a_predicted_frame_stands_beside_the_known_one_or_the_width_of_its_bounds(
    film: Sample, predict: Callable[..., Prediction]
):
    found = predict(film, "sem")
    alone = drawn(replace(film, arrays={"sem": film.arrays["sem"]}), found, "sem:saxs")
    known = drawn(film, found, "sem:saxs")
    assert alone.shape == known.shape
    assert share(alone, ACCENT) > 0  # the field that the model sees
    assert share(known, INK) > share(alone, INK) - 0.001
    assert (alone != known).any()


def test_reconstructions_are_drawn_beside_their_inputs(
    film: Sample, predict: Callable[..., Prediction]
):
    pattern, image = predict(film, "sem"), predict(film, "saxs", n=2)
    unbounded = {name: Value(value.value) for name, value in pattern.fields.items()}
    frames = drawn(film, replace(pattern, fields=unbounded), "saxs:saxs")
    assert share(frames, CURVE) > 0
    kept = {name: image.fields[name] for name in ("micrograph", "pixel_nm", PROBABILITY.name)}
    images = drawn(film, replace(image, fields=kept, derived={}), "sem:sem")
    assert share(images, "#ffffff") > 0.1


def test_frames_are_turned_so_that_q_grows_to_the_right_and_upwards(film: Sample):
    frame = film.arrays["saxs"]
    for turn in (np.flipud, np.fliplr):
        turned = {name: turn(array) for name, array in frame.items()}
        for name, array in upright(turned).items():
            np.testing.assert_array_equal(array, frame[name])


@settings(max_examples=25)
@given(rows=st.integers(8, 70), columns=st.integers(8, 70), most=st.integers(5, 40))
def test_binning_keeps_the_mean_of_measured_pixels(rows: int, columns: int, most: int):
    random = np.random.default_rng(rows * 71 + columns)
    mask = (random.random((rows, columns)) > 0.3).astype(np.uint8)
    q = random.random((rows, columns)).astype(np.float32)
    small = reduced({"intensity": 7.0 * mask, "mask": mask, "qx": q, "qy": -q}, most)
    assert max(small["mask"].shape) <= most
    seen = small["mask"] != 0
    np.testing.assert_allclose(small["intensity"][seen], 7, rtol=1e-6)
    assert not small["intensity"][~seen].any()
    np.testing.assert_allclose(small["qx"], -small["qy"])


def test_rings_average_what_was_measured(film: Sample):
    frame = film.arrays["saxs"]
    q = np.hypot(frame["qx"], frame["qy"]).astype(float)
    profile = radial_profile(frame, np.where(frame["mask"] != 0, q, np.nan))
    known = np.isfinite(profile)
    assert known.sum() > 20
    np.testing.assert_allclose(profile[known], RING_Q[known], atol=RING_Q[1])


def test_lightness_grows_evenly_along_the_colours():
    levels = colours(np.linspace(0, 1, 50)).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(levels) > 0).all()


@pytest.mark.parametrize("intensity", [0.0, -3.0, 5.0])
def test_frames_of_one_value_can_be_drawn(intensity: float):
    plane = np.full((9, 12), intensity, np.float32)
    frame = {"intensity": plane, "mask": np.ones((9, 12), np.uint8), "qx": plane * 0,
             "qy": plane * 0}  # fmt: skip
    assert paint_frame(frame, 60).size == (60, 45)
    frame["mask"][:] = 0
    card = Image.new("RGB", (100, 100))
    draw_frame(card, (10, 10, 80), frame)
    assert (np.asarray(card)[50, 50] == MASKED).all()


def test_the_middle_of_a_micrograph_is_384_nm_wide():
    levels = np.arange(300 * 400).reshape(300, 400)
    assert central_field(levels, 2).shape == (192, 192)
    assert central_field(levels, 1.6).shape == (240, 240)
    assert field_box((830, 1280), 2) == (319, 544, 192)
    assert field_box((96, 96), PIXEL_NM) == (0, 0, 96)


def test_a_montage_has_a_place_for_each_image():
    images = np.stack([np.full((96, 96), level, np.uint8) for level in (0, 100, 200)])
    sheet = np.asarray(montage(images, 2, 96))
    assert sheet.shape == (195, 195, 3)
    assert [sheet[5, 5, 0], sheet[5, 150, 0], sheet[150, 5, 0], sheet[150, 150, 0]] == [
        0, 100, 200, 255,
    ]  # fmt: skip
