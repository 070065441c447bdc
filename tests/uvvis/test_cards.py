"""Cards show what was read, what is predicted and how far to trust it."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from PIL import ImageColor

from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit_uvvis.cards import CROP, PLOT, draw_card
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.spectrum_plot import ACCENT, BAND, CURVE, INK, PAPER, UNSEEN

NAN = np.float32("nan")
AXIS = PLOT[3]  # the row of the energy axis
BADGE = (slice(8, 27), slice(366, 426))


def edge(height=0.8):
    return (height / (1 + np.exp(-(ENERGY_EV - 2.3) / 0.1))).astype(np.float32)


def sample(pixels=None, name="S1", **arrays):
    if pixels is None:
        pixels = np.full((64, 64, 3), (200, 160, 40), np.uint8)
    return Sample(name, {"scan": {"scan": pixels}, **arrays})


def gap(value=2.3, half=0.2, status="value"):
    value = np.float32(value)
    return Derived(value, value - half, value + half, "eV", np.str_(status))


def predict(value=None, half=0.1, novel=False, gaps=None, source="simulated"):
    value = edge() if value is None else value
    lower, upper = (None, None) if half is None else (value - half, value + half)
    return Prediction(
        {"absorption": Value(value, lower, upper)},
        {"band_gap": gap(2.3), "band_gap_indirect": gap(2.0)} if gaps is None else gaps,
        novel=np.bool_(novel),
        bounds_source=np.str_(source),
    )


def pixels_of(card):
    assert card.mode == "RGB"
    return np.asarray(card)


def count(picture, colour):
    return int((picture == ImageColor.getrgb(colour)).all(axis=-1).sum())


def plot(card):
    left, top, right, bottom = PLOT
    return pixels_of(card)[top:bottom, left:right]


def curve_row(card, energy):
    """Return the row in which the curve runs at an energy."""
    picture = plot(card).astype(int)
    column = round((energy - ENERGY_EV[0]) / np.ptp(ENERGY_EV) * picture.shape[1])
    return np.abs(picture[:, column] - ImageColor.getrgb(CURVE)).sum(axis=-1).argmin()


def test_the_crop_is_shown_as_read():
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:] = (250, 10, 20), (10, 20, 250)
    picture = pixels_of(draw_card(sample(pixels), predict()))
    left, top, right, bottom = CROP
    middle = (top + bottom) // 2
    assert picture[middle, left + 10].tolist() == [250, 10, 20]
    assert picture[middle, right - 10].tolist() == [10, 20, 250]
    assert picture[top + 2, left + 10].tolist() == [255, 255, 255], "wide crops keep their shape"


@pytest.mark.parametrize("shape", [(1, 1), (7, 3000), (1500, 1500)])
def test_crops_of_any_size_stay_in_their_place(shape):
    pixels = np.full((*shape, 3), 90, np.uint8)
    picture = pixels_of(draw_card(sample(pixels), predict()))
    expected = pixels_of(draw_card(sample(np.full((9, 9, 3), 90, np.uint8)), predict()))
    outside = np.ones(picture.shape[:2], bool)
    outside[CROP[1] : CROP[3], CROP[0] : CROP[2]] = False
    np.testing.assert_array_equal(picture[outside], expected[outside])
    assert count(picture, "#5a5a5a") > 0


def test_higher_absorption_is_drawn_higher():
    """On the same scale for all samples whose alpha*t stays below 1."""
    rows = [curve_row(draw_card(sample(), predict(edge(h))), 3.0) for h in (0.2, 0.5, 0.9)]
    height = PLOT[3] - PLOT[1]
    np.testing.assert_allclose(rows, [(1 - h) * height for h in (0.2, 0.5, 0.9)], atol=2.5)


def test_thick_films_get_a_scale_of_their_own():
    row = curve_row(draw_card(sample(), predict(edge(5.6))), 3.0)
    assert 0 < row < 0.6 * (PLOT[3] - PLOT[1])


def test_bounds_are_a_band_around_the_curve():
    narrow = count(plot(draw_card(sample(), predict(half=0.05))), BAND)
    wide = count(plot(draw_card(sample(), predict(half=0.2))), BAND)
    assert 0 < 2 * narrow < wide
    assert count(plot(draw_card(sample(), predict(half=None))), BAND) == 0


def test_the_energies_no_sensor_sees_are_shaded():
    picture = plot(draw_card(sample(), predict()))
    unseen = round((1.77 - ENERGY_EV[0]) / np.ptp(ENERGY_EV) * picture.shape[1])
    assert count(picture[:, : unseen - 1], UNSEEN) > 0.5 * picture[:, : unseen - 1, 0].size
    assert count(picture[:, unseen + 1 :], UNSEEN) == 0


def test_novel_samples_wear_a_badge_and_have_no_bounds():
    gaps = {"band_gap": gap(half=NAN), "band_gap_indirect": gap(2.0, half=NAN)}
    novel = draw_card(sample(), predict(half=NAN, novel=True, gaps=gaps, source="none"))
    known = draw_card(sample(), predict())
    assert count(pixels_of(novel)[BADGE], ACCENT) > 400
    assert count(pixels_of(known)[BADGE], ACCENT) == 0
    assert count(plot(novel), BAND) == 0
    assert curve_row(novel, 3.0) == curve_row(known, 3.0)
    note = (slice(182, 204), slice(CROP[0], CROP[2]))
    assert (pixels_of(novel)[note] != pixels_of(known)[note]).any()


def test_a_prediction_without_novelty_is_not_called_novel():
    prediction = Prediction({"absorption": Value(edge())})
    assert count(pixels_of(draw_card(sample(), prediction))[BADGE], ACCENT) == 0


@pytest.mark.parametrize("value", [1.6, 2.3, 2.8])
def test_the_direct_gap_is_a_dot_on_the_energy_axis(value):
    card = draw_card(sample(), predict(gaps={"band_gap": gap(value, half=NAN)}))
    row = (pixels_of(card)[AXIS, PLOT[0] : PLOT[2]] == ImageColor.getrgb(ACCENT)).all(axis=-1)
    centre = np.flatnonzero(row).mean() / (PLOT[2] - PLOT[0])
    assert ENERGY_EV[0] + centre * np.ptp(ENERGY_EV) == pytest.approx(value, abs=0.015)


@pytest.mark.parametrize(("value", "status"), [(2.95, "above"), (1.40, "below"), (NAN, "none")])
def test_censored_gaps_are_told_but_not_marked(value, status):
    card = pixels_of(draw_card(sample(), predict(gaps={"band_gap": gap(value, 0.1, status)})))
    assert count(card[AXIS, PLOT[0] : PLOT[2]], ACCENT) == 0
    words = (slice(168, 184), slice(PLOT[0] + 90, PLOT[2]))
    assert count(card[words], PAPER) < card[words][..., 0].size


def test_every_status_reads_differently():
    cards = {
        status: draw_card(sample(), predict(gaps={"band_gap": gap(2.95, 0.1, status)})).tobytes()
        for status in ("value", "above", "below", "none")
    }
    assert len(set(cards.values())) == 4


def test_a_measured_spectrum_is_drawn_beside_the_predicted_one():
    measured = {"absorption": {"absorption": edge(0.4)}}
    alone = draw_card(sample(), predict(half=None))
    beside = draw_card(sample(**measured), predict(half=None))
    ink = ImageColor.getrgb(INK)
    assert (np.abs(plot(beside).astype(int) - ink).sum(axis=-1) < 60).sum() > 20
    assert (np.abs(plot(alone).astype(int) - ink).sum(axis=-1) < 60).sum() == 0
    assert curve_row(beside, 3.0) == curve_row(alone, 3.0)


def test_a_simulated_spectrum_is_not_called_measured():
    scan = sample(absorption={"absorption": edge(0.4)})
    simulated = replace(scan, metadata={"simulated": True})
    assert draw_card(scan, predict()).tobytes() != draw_card(simulated, predict()).tobytes()


def test_long_names_stay_on_the_card_and_off_the_badge():
    name = "library/plate with a very long name/" * 5 + "row_17_column_23.png"
    long = pixels_of(draw_card(sample(name=name), predict(novel=True)))
    short = pixels_of(draw_card(sample(name="S"), predict(novel=True)))
    np.testing.assert_array_equal(long[BADGE], short[BADGE])
    np.testing.assert_array_equal(long[CROP[1] :], short[CROP[1] :])


def test_a_spectrum_that_is_not_finite_leaves_an_empty_plot():
    card = draw_card(sample(), predict(np.full(len(ENERGY_EV), NAN)))
    assert count(plot(card), CURVE) == 0


def test_the_same_sample_gives_the_same_card():
    assert draw_card(sample(), predict()).tobytes() == draw_card(sample(), predict()).tobytes()


def test_a_row_of_a_batch_is_drawn_like_a_single_prediction():
    one = predict()
    batch = Prediction(
        {"absorption": Value(*(a[None] for a in (one.value, one.lower, one.upper)))},
        {
            name: Derived(d.value[None], d.lower[None], d.upper[None], "eV", np.array([d.status]))
            for name, d in one.derived.items()
        },
        novel=np.array([False]),
        bounds_source=np.array(["simulated"]),
    )
    assert draw_card(sample(), batch[0]).tobytes() == draw_card(sample(), one).tobytes()


def test_a_card_takes_a_few_milliseconds():
    times = []
    for _ in range(20):
        start = perf_counter()
        draw_card(sample(), predict())
        times.append(perf_counter() - start)
    assert min(times) < 0.03
