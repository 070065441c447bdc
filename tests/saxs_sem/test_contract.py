"""The saxs-sem pair keeps the contract of every pair, with tiny models and with shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from xmodkit.errors import PluginError
from xmodkit.pair import ModalityPair, Options, Route, Sample
from xmodkit.testing import PairContract
from xmodkit_saxs_sem.pair import SaxsSem

pytest.importorskip("scipy")


SMALL: Options = {"sem_size": "210x224", "n": 3}


@pytest.fixture(scope="module")
def simulated() -> list[Sample]:
    """Return six films, simulated once."""
    return list(SaxsSem().simulate(6, 7, SMALL))


class Tiny(SaxsSem):
    """The pair with tiny model files."""

    shipped: dict[str, Path]

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the tiny model of a route."""
        if route.name not in self.shipped:
            raise PluginError(f"no model for {route.name}")
        return self.shipped[route.name]


class TestSaxsSemPair(PairContract):
    options: ClassVar[Options] = SMALL

    @pytest.fixture
    def pair(self, morphology_model: Path, scattering_model: Path) -> ModalityPair:
        pair = Tiny()
        pair.shipped = {"saxs:sem": morphology_model, "sem:saxs": scattering_model}
        return pair

    @pytest.fixture
    def samples(self, pair: ModalityPair, simulated: list[Sample]) -> list[Sample]:
        return simulated


class TestShippedModels(PairContract):
    """The same with the model files that are shipped."""

    options: ClassVar[Options] = SMALL

    @pytest.fixture
    def pair(self) -> ModalityPair:
        return SaxsSem()

    @pytest.fixture
    def samples(self, pair: ModalityPair, simulated: list[Sample]) -> list[Sample]:
        return simulated
