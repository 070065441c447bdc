"""Options of training reach the models they are of, and no others."""

from __future__ import annotations

import pytest

from xmodkit.errors import UsageError
from xmodkit.pair import Sample
from xmodkit_saxs_sem.options.training import TRAIN_OPTIONS, pairvae_shape, threshold_shape
from xmodkit_saxs_sem.pair import SaxsSem

NONE = dict.fromkeys((option.key for option in TRAIN_OPTIONS), None)
SAMPLE = Sample("film", {})


def shaped(name: str, **options: object) -> tuple[dict[str, object], object]:
    """Return the shape that options give a model, and the model made of it."""
    pytest.importorskip("torch")
    pytest.importorskip("scipy")
    pair = SaxsSem()
    model = pair.models()[name]
    shape = model.shape(pair.route(), SAMPLE, {**NONE, **options})
    return shape, model(**shape)


def test_train_has_them_and_infer_has_none_of_them():
    commands = {option.name: option.commands for option in SaxsSem().options}
    assert all(commands[option.name] == ("train",) for option in TRAIN_OPTIONS)


@pytest.mark.parametrize("name", ["phases", "pairvae"])
def test_the_threshold_is_that_of_every_model(name: str):
    _, published = shaped(name)
    shape, wider = shaped(name, threshold_window=25, threshold_c=3)
    assert shape == {"window": 25, "offset": 3}
    if name == "phases":
        assert (published.binarise.window, published.binarise.offset) == (15, 2)
        assert (wider.binarise.window, wider.binarise.offset) == (25, 3)
        return
    assert (published.window, published.offset) == (15, 2)
    assert (wider.window, wider.offset) == (25, 3)
    assert any("window 25, offset 3" in note for note in wider.notes)


def test_pairvae_is_as_wide_and_compares_as_asked_for():
    shape, model = shaped("pairvae", pixels="192", encoder_width=2, similarity="simclr")
    assert shape == {"size": 192, "encoder_width": 2, "similarity": "simclr"}
    assert model.size == 192
    assert model.similarity.__name__ == "simclr"


@pytest.mark.parametrize(
    ("option", "value"), [("pixels", "96"), ("encoder_width", 8), ("similarity", "barlow")]
)
def test_what_only_pairvae_has_is_refused_for_phases(option: str, value: object):
    written = option.replace("_", "-")
    with pytest.raises(UsageError, match=f"--{written}: of --model pairvae, phases given"):
        shaped("phases", **{option: value})


@pytest.mark.parametrize("window", [14, 1, 27, -15])
def test_a_window_that_there_is_not_is_refused(window: int):
    with pytest.raises(UsageError, match="an odd number from 3 to 25"):
        threshold_shape({"threshold_window": window})


def test_an_offset_beyond_all_levels_and_an_encoder_of_nothing_are_refused():
    with pytest.raises(UsageError, match="--threshold-c 256"):
        threshold_shape({"threshold_c": 256})
    with pytest.raises(UsageError, match="--encoder-width 0"):
        pairvae_shape({"encoder_width": 0})
