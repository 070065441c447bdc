"""Each route has a card: what went in, what came out, and how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xmodkit.curveplot import ACCENT, BAND, CURVE, GRID
from xmodkit.pair import Sample
from xmodkit.prediction import Derived, Prediction, Value
from xmodkit_crystal.decode import decoded
from xmodkit_crystal.derived import compare, derive
from xmodkit_crystal.encode import encode_crystal
from xmodkit_crystal.latent import slots_of
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.pictures import cards as module
from xmodkit_crystal.reading.arrays import to_arrays, to_crystal

pytest.importorskip("pymatgen")

PAIR = CrystalPair()
ROUTES = [route.name for route in PAIR.routes]


@pytest.fixture(scope="module")
def sample(example: Callable[[str], Sample]) -> Sample:
    """Return rutile, with a latent vector."""
    found = example("VO2-rutile")
    latent = np.concatenate([np.sin(np.arange(30.0)), slots_of((8, 23))]).astype(np.float32)
    return replace(found, arrays={**found.arrays, "latent": {"latent": latent}})


@pytest.fixture(scope="module")
def rebuilt(sample: Sample) -> Prediction:
    """Return rutile as it comes back from its own images, a batch of one."""
    images = encode_crystal(to_crystal(sample.arrays["crystal"]), 12.0)
    fields = decoded({name: Value(array[None]) for name, array in images.items()})
    return Prediction(fields, described(sample, fields))


def described(sample: Sample, fields: Mapping[str, Value]) -> dict[str, Derived]:
    """Return what is derived of one crystal that came back."""
    arrays = {name: value.value for name, value in fields.items()}
    given = to_crystal(sample.arrays["crystal"])
    return {**derive(arrays), **compare([given], arrays)}


def told(route: str, sample: Sample, rebuilt: Prediction, novel: bool = False) -> Prediction:
    """Return what a route predicts for rutile."""
    end = np.array([np.nan if novel else 0.1], np.float32)
    fields: dict[str, Value] = {}
    if route.endswith(":crystal"):
        fields.update(rebuilt.fields)
    if route.endswith(":latent"):
        fields["latent"] = Value(sample.arrays["latent"]["latent"][None])
        fields["reconstruction_error"] = Value(np.array([0.02], np.float32))
    energy = np.array([-1.5], np.float32)
    fields["formation_energy"] = Value(energy, energy - end, energy + end)
    fields["stability"] = Value(np.array([0.7], np.float32), 0.7 - end, 0.7 + end)
    return Prediction(
        fields,
        rebuilt.derived if route.endswith(":crystal") else {},
        novelty=np.array([2.5 if novel else 0.5]),
        novel=np.array([novel]),
        bounds_source=np.array(["none" if novel else "simulated"]),
    )[0]


def card(route: str, sample: Sample, prediction: Prediction) -> Image.Image:
    drawn = PAIR.draw(sample, prediction, PAIR.route(route))
    assert drawn is not None
    return drawn


@pytest.mark.parametrize("route", ROUTES)
def test_a_card_marks_stability_with_its_bounds(
    route: str, sample: Sample, rebuilt: Prediction, pixels: Callable
):
    drawn = card(route, sample, told(route, sample, rebuilt))
    assert pixels(drawn, BAND) > 100
    assert pixels(drawn, CURVE) > 20
    assert pixels(drawn, ACCENT, (0, 0, drawn.width, 30)) == 0


@pytest.mark.parametrize("route", ROUTES)
def test_a_novel_sample_has_a_badge_and_no_bounds(
    route: str, sample: Sample, rebuilt: Prediction, pixels: Callable
):
    drawn = card(route, sample, told(route, sample, rebuilt, novel=True))
    assert pixels(drawn, ACCENT, (0, 0, drawn.width, 30)) > 500
    assert pixels(drawn, BAND) == 0


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_written_over_the_border(route: str, sample: Sample, rebuilt: Prediction):
    """All lines end above the frame of the card, and left of it."""
    drawn = np.asarray(card(route, sample, told(route, sample, rebuilt)))
    for inner in (drawn[-6:-2, 3:-3], drawn[3:-3, -6:-2]):
        assert (inner == 255).all()


@pytest.mark.parametrize("route", ["crystal:crystal", "latent:crystal"])
def test_a_latent_that_decodes_to_nothing_is_said_to(
    route: str, sample: Sample, rebuilt: Prediction
):
    nothing_there = {
        "numbers": Value(np.zeros((1, 0), np.int32)),
        "fractional": Value(np.zeros((1, 0, 3), np.float32)),
        "cell": Value(np.full((1, 3, 3), np.nan, np.float32)),
    }
    empty = replace(rebuilt, fields=nothing_there, derived=described(sample, nothing_there))
    whole = np.asarray(card(route, sample, told(route, sample, rebuilt)))
    nothing = np.asarray(card(route, sample, told(route, sample, empty)))
    assert nothing.shape == whole.shape
    assert (nothing < 128).sum() < (whole < 128).sum()


def test_a_model_that_tells_neither_stability_nor_novelty_has_a_card_too(
    sample: Sample, rebuilt: Prediction, pixels: Callable
):
    drawn = card("latent:crystal", sample, rebuilt[0])
    assert pixels(drawn, BAND) == 0


def test_a_reconstruction_is_held_up_to_what_was_given(sample: Sample, rebuilt: Prediction):
    """Perfect images give the cell back; 2 % more of an edge, or a lost atom, are told."""
    from xmodkit_crystal.geometry import canonical

    given = canonical(to_crystal(sample.arrays["crystal"]))
    back = module._predicted(rebuilt[0])
    assert back is not None
    facts = dict(module._differences(given, back, rebuilt[0]))
    assert facts["cell edges"].startswith("off by 0.00%")
    assert facts["atoms"] == "6 of 6"
    assert facts["match"].startswith("yes, 0.000")
    assert facts["space group"] == "P4_2/mnm -> P4_2/mnm (at 0.1 A)"
    longer = replace(back, cell=back.cell * np.array([[1.06], [1], [1]]))
    facts = dict(module._differences(given, longer, rebuilt[0]))
    assert facts["cell edges"] == "off by 2.00%, at most 6.00%"
    fewer = replace(back, numbers=back.numbers[1:], fractional=back.fractional[1:])
    arrays = {name: Value(array[None]) for name, array in to_arrays(fewer).items()}
    told = Prediction(arrays, described(sample, arrays))[0]
    facts = dict(module._differences(given, fewer, told))
    assert (facts["atoms"], facts["match"]) == ("5 of 6", "no")
    assert facts["space group"].startswith("P4_2/mnm -> ")
    assert not facts["space group"].startswith("P4_2/mnm -> P4_2")
    facts = dict(module._differences(given, None, told))
    assert facts == {"space group": "P4_2/mnm -> none (at 0.1 A)", "match": "no"}


@pytest.mark.parametrize("route", ROUTES)
def test_declined_energies_are_said_to_be_and_have_no_empty_scale(
    route: str, sample: Sample, rebuilt: Prediction, pixels: Callable
):
    whole = told(route, sample, rebuilt)
    nan = Value(np.float32(np.nan), np.float32(np.nan), np.float32(np.nan))
    fields = {**whole.fields, "stability": nan, "formation_energy": nan}
    drawn, declined = (card(route, sample, one) for one in (whole, replace(whole, fields=fields)))
    assert pixels(drawn, GRID) > 500
    assert pixels(declined, GRID) == 0
    assert (np.asarray(declined)[3:-3, -6:-2] == 255).all()
