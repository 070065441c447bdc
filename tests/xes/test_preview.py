"""A preview shows what would be read: structures with their absorbers, or curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageColor

from xmodkit.curveplot import ACCENT, CURVE
from xmodkit.errors import InputError
from xmodkit_cli.main import cli
from xmodkit_xes.pair import Xes
from xmodkit_xes.preview import SIZE

pytest.importorskip("ase")

EXAMPLES = Path(__file__).parents[2] / "examples" / "structures"


def holds(picture: Image.Image, colour: str) -> bool:
    return bool((np.asarray(picture) == ImageColor.getrgb(colour)).all(axis=2).any())


def preview(path: Path, route: str = "structure:xes", **options: object) -> Image.Image:
    pair = Xes()
    picture = pair.preview(path, pair.route(route), options)
    assert picture is not None
    return picture


def test_a_structure_is_drawn_with_its_absorber_ringed():
    picture = preview(EXAMPLES / "thiophene.xyz")
    assert picture.size == SIZE
    assert holds(picture, ACCENT)


def test_many_frames_stand_on_one_sheet():
    picture = preview(EXAMPLES / "dimethyl_disulfide.xyz")
    assert picture.width > SIZE[0]


def test_which_atoms_absorb_is_an_option():
    with pytest.raises(InputError, match="no S to absorb"):
        preview(EXAMPLES / "copper.vasp")
    assert holds(preview(EXAMPLES / "copper.vasp", absorber="Cu"), ACCENT)


def test_a_measured_curve_is_drawn(tmp_path: Path):
    energy = np.linspace(490, 510, 60)
    np.savetxt(tmp_path / "curve.csv", np.c_[energy, np.exp(-((energy - 500) ** 2))], delimiter=",")
    assert holds(preview(tmp_path / "curve.csv", "xes:structure"), CURVE)


def test_the_command_draws_every_file_and_names_what_it_cannot_read(
    sulfur_model: Path, tmp_path: Path
):
    arguments = ["infer", EXAMPLES, "--model", sulfur_model, "--preview", "-o", tmp_path]
    result = CliRunner().invoke(cli, [str(each) for each in arguments], standalone_mode=False)
    assert result.return_value == 3
    assert result.stderr.count("no S to absorb") == 4
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"preview-crops-1.png", "preview-dimethyl_disulfide.png"} <= drawn
