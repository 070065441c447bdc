"""Options that contradict the route or make no sense are refused on one line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

pytest.importorskip("onnx")

import xmodkit
from xmodkit.errors import UsageError
from xmodkit.predictor import ModelPredictor
from xmodkit_crystal.pair import CrystalPair


@pytest.mark.parametrize("route", ["crystal:latent", "latent:stability"])
def test_only_crystals_that_come_back_can_be_symmetrized(
    route: str, tiny_models: Mapping[str, Path]
):
    with pytest.raises(UsageError, match=f"--symmetrize: nothing that {route} gives"):
        xmodkit.load(tiny_models[route], symmetrize=0.1)


@pytest.mark.parametrize("tolerance", [0.0, -0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_distance_is_refused(
    tolerance: float, tiny_models: Mapping[str, Path]
):
    predictor = ModelPredictor(tiny_models["latent:crystal"], "cpu")
    with pytest.raises(UsageError, match="a distance above 0 A expected"):
        CrystalPair().configured({"symmetrize": tolerance}, predictor)


def test_the_pair_keeps_the_tolerance_beside_the_limits_of_the_model(
    tiny_models: Mapping[str, Path],
):
    predictor = ModelPredictor(tiny_models["crystal:crystal"], "cpu")
    pair = CrystalPair().configured({"symmetrize": 0.2}, predictor)
    assert pair.symmetrize == 0.2
    assert CrystalPair().configured({}, predictor).symmetrize is None
    assert CrystalPair().configured({}, predictor).longest_edge == pair.longest_edge
