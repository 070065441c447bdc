"""A preview shows the crystals of a file before anything is predicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_crystal.pair import CrystalPair
from xmodkit_crystal.pictures.preview import draw_preview

EXAMPLES = Path(__file__).parents[3] / "examples" / "crystals"


def preview(path: Path, route: str = "crystal:latent") -> Image.Image | None:
    pair = CrystalPair()
    return pair.preview(path, pair.route(route), {})


def test_one_crystal_is_one_card():
    picture = preview(EXAMPLES / "V2O5.cif")
    assert picture is not None
    assert picture.width < 300
    assert np.asarray(picture).std() > 20


def test_several_stand_on_a_sheet_and_what_cannot_be_read_is_left_out(
    example: Callable[[str], Sample],
):
    found = [example("V2O5"), Failure("b", "b.cif", "b.cif: broken"), example("VO2-rutile")]
    assert draw_preview(found).width > 2 * 250


def test_a_file_without_a_crystal_is_refused_with_its_reason(tmp_path: Path):
    broken = tmp_path / "broken.cif"
    broken.write_text("data_nothing")
    with pytest.raises(InputError, match=r"broken\.cif"):
        preview(broken)
    with pytest.raises(InputError, match="nothing to preview"):
        draw_preview([])


def test_latents_have_no_preview():
    assert preview(EXAMPLES / "V2O5.cif", "latent:crystal") is None
