"""The crystal pair keeps the contract of every pair, with tiny models and with shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from xmodkit.errors import PluginError
from xmodkit.pair import ModalityPair, Options, Predictor, Route, Sample
from xmodkit.testing import PairContract
from xmodkit_crystal.pair import CrystalPair

for _library in ("ase", "pymatgen", "scipy", "spglib"):
    pytest.importorskip(_library)

SMALL: Options = {"max_atoms": 8, "max_edge": 6.0}


@pytest.fixture(scope="module")
def simulated() -> list[Sample]:
    """Return six crystals, simulated once."""
    return list(CrystalPair().simulate(6, 7, SMALL))


class Tiny(CrystalPair):
    """The pair with tiny model files."""

    shipped: Mapping[str, Path]

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the tiny model of a route."""
        return self.shipped[route.name]


class TestCrystalPair(PairContract):
    options: ClassVar[Options] = SMALL

    @pytest.fixture
    def pair(self, tiny_models: Mapping[str, Path]) -> ModalityPair:
        pair = Tiny()
        pair.shipped = tiny_models
        return pair

    @pytest.fixture
    def samples(self, pair: ModalityPair, simulated: list[Sample]) -> list[Sample]:
        return _with_latents(pair, simulated)


class TestShippedModels(PairContract):
    """The same with the model files that are shipped."""

    options: ClassVar[Options] = SMALL

    @pytest.fixture
    def pair(self) -> ModalityPair:
        pair = CrystalPair()
        try:
            pair.model_file(pair.route(), SMALL)
        except PluginError as error:
            pytest.skip(str(error))
        return pair

    @pytest.fixture
    def samples(self, pair: ModalityPair, simulated: list[Sample]) -> list[Sample]:
        return _with_latents(pair, simulated)
