"""Pictures of what was generated say what the model learned from."""

from __future__ import annotations

import numpy as np

from xmodkit.pair import Sample
from xmodkit_saxs_sem.pictures.generation import draw_members


def test_only_the_title_tells_that_the_models_films_were_simulated(film: Sample):
    images = np.zeros((4, 96, 96), np.uint8)
    plain = np.asarray(draw_members(film, images, novel=False))
    told = np.asarray(
        draw_members(film, images, novel=False, learned="by a model of simulated films")
    )
    assert (plain[:44] != told[:44]).any()
    assert np.array_equal(plain[44:], told[44:])
