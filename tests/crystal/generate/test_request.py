"""The options of `xmod generate` mean one thing each; what contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmodkit.errors import UsageError
from xmodkit_crystal.generate.request import Request


def test_without_options_200_latents_are_drawn_at_random():
    assert Request.parse({}) == Request(200, None, (), None, None, None)


def test_elements_are_written_with_commas_hyphens_or_spaces():
    for written in ("V,O", "O-V", "O, V", "v o"):
        assert Request.parse({"elements": written}).elements == (8, 23)


def test_two_files_are_the_ends_in_their_order():
    found = Request.parse({"between": ("b.cif", "a.cif"), "encoder": "e.onnx", "n": 3})
    assert found.between == (Path("b.cif"), Path("a.cif"))
    assert (found.encoder, found.n) == (Path("e.onnx"), 3)


def test_a_tolerance_asks_for_symmetry():
    assert Request.parse({"symmetrize": 0.2}).symmetrize == 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "--n 0"),
        ({"between": ("a", "b"), "random": True}, "give one of them"),
        ({"between": ("a",)}, "1 files given, 2 expected"),
        ({"elements": "V,Xx"}, "unknown element 'Xx'"),
        ({"elements": "V,O,S,N,C,H"}, "at most 5"),
        ({"elements": "V,O,v"}, "V given twice"),
        ({"elements": ""}, "names no element"),
        ({"elements": " ,"}, "names no element"),
        ({"symmetrize": 0.0}, "--symmetrize 0: a distance above 0"),
        ({"symmetrize": float("nan")}, "--symmetrize nan"),
        ({"symmetrize": float("inf")}, "--symmetrize inf"),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict, message: str):
    with pytest.raises(UsageError, match=message):
        Request.parse(options)
