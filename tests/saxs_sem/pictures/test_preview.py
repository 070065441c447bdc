"""A preview shows a frame with its mask and rings, a micrograph with what the model looks at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from xmodkit.curveplot import ACCENT
from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.pair import SaxsSem
from xmodkit_saxs_sem.pictures.frame import MASKED
from xmodkit_saxs_sem.pictures.preview import SIZE, draw_preview

PAIR = SaxsSem()


def ringed(sample: Sample) -> int:
    """Return how many pixels of a preview are bluer than anything but a ring is."""
    picture = np.asarray(draw_preview([sample])).astype(int)
    return int(((picture[..., 2] > 120) & (picture[..., 0] < 120)).sum())


def test_a_frame_has_its_gaps_grey_and_rings_of_q(film: Sample, unknown_q: Sample):
    card = draw_preview([film])
    assert card.size == SIZE
    assert (np.asarray(card) == MASKED).all(axis=2).any()
    assert ringed(film) > ringed(unknown_q) + 300


def test_a_micrograph_has_its_middle_framed(film: Sample):
    card = np.asarray(draw_preview([Sample("m", {"sem": film.arrays["sem"]})]))
    assert (card == ImageColor.getrgb(ACCENT)).all(axis=2).sum() > 500


def test_several_frames_of_a_file_lie_side_by_side(film: Sample):
    sheet = draw_preview([film] * 30)
    assert sheet.width > 3 * SIZE[0]


def test_a_file_that_holds_nothing_says_why():
    with pytest.raises(InputError, match="cut short"):
        draw_preview([Failure("a", "a.edf", "a.edf: cut short")])
    with pytest.raises(InputError, match="nothing"):
        draw_preview([])


def test_files_are_previewed_as_they_are_read(film: Sample, tmp_path: Path):
    path = tmp_path / "m.png"
    Image.fromarray(film.arrays["sem"]["micrograph"]).save(path)
    card = PAIR.preview(path, PAIR.route("sem:saxs"), {"info_bar": "none"})
    assert card is not None
    assert card.size == SIZE
