"""Crystals to draw, and how to ask whether a picture shows a colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from xmodkit.pair import Sample
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

pytest.importorskip("ase")
pytest.importorskip("spglib")

EXAMPLES = Path(__file__).parents[3] / "examples" / "crystals"


@pytest.fixture(scope="session")
def example() -> Callable[[str], Sample]:
    """Return a function that reads an example by its name."""
    from xmodkit_crystal.reading.crystals import read_crystals

    def read(name: str) -> Sample:
        (found,) = read_crystals(EXAMPLES / f"{name}.cif")
        assert isinstance(found, Sample), found
        return found

    return read


@pytest.fixture(scope="session")
def rocksalt(example: Callable[[str], Sample]) -> Crystal:
    """Return VO in its conventional cell."""
    return to_crystal(example("VO-rocksalt").arrays["crystal"])


@pytest.fixture(scope="session")
def pixels() -> Callable[..., int]:
    """Return a function that counts a picture's pixels of a colour, in a part of it if given."""

    def count(picture: Image.Image, colour: str, box: tuple[int, ...] | None = None) -> int:
        part = picture if box is None else picture.crop(box)
        found = (np.asarray(part) == ImageColor.getrgb(colour)).all(axis=2)
        return int(found.sum())

    return count
