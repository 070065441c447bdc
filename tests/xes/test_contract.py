"""The xes pair keeps the contract of every pair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from xmodkit.errors import PluginError
from xmodkit.pair import ModalityPair, Options, Predictor, Route, Sample
from xmodkit.testing import PairContract
from xmodkit_xes.pair import Xes

pytest.importorskip("ase")

ENERGIES = tuple(float(energy) for energy in np.linspace(2455, 2475, 60))


def molecule(number: int) -> Sample:
    """Return a bent H2S, or a chain of several sulfur atoms, with curves: sample `number`."""
    random = np.random.default_rng(number)
    sites = 1 + number % 3
    sulfur = np.array([[2.06 * i, 0.9 * (i % 2), 0] for i in range(sites)])
    hydrogen = np.array([[-0.9, 1.0, 0.1], [2.06 * sites, -0.9, 0.2]])
    places = np.concatenate([sulfur, hydrogen]) + random.normal(0, 0.02, (sites + 2, 3))
    structure = {
        "numbers": np.array([16] * sites + [1, 1], np.int32),
        "positions": places.astype(np.float32),
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.arange(sites, dtype=np.int32),
    }
    width = random.uniform(1, 3)
    curve = np.exp(-(((np.array(ENERGIES) - 2465) / width) ** 2)).astype(np.float32)
    coordinates = {"xes_energy": ENERGIES}
    arrays = {"structure": structure, "xes": {"xes": curve}}
    return Sample(f"m{number}", arrays, coordinates=coordinates, metadata={"absorber": "S"})


class Molecules(Xes):
    """The pair with a simulator that needs no quantum chemistry and a model of its own."""

    shipped: Path

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield chains of sulfur."""
        return (molecule(number) for number in range(start, start + n))

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the tiny model for structure:xes."""
        if route.name != "structure:xes":
            raise PluginError(f"no model for {route.name}")
        return self.shipped

    def configured(self, options: Options, predictor: Predictor) -> Xes:
        """Return the pair of the tiny model."""
        return Xes(options, predictor)


class TestXesPair(PairContract):
    @pytest.fixture
    def pair(self, sulfur_model: Path) -> ModalityPair:
        pair = Molecules()
        pair.shipped = sulfur_model
        return pair


class TestShippedModels(PairContract):
    """The same with the model files that are shipped."""

    @pytest.fixture
    def pair(self) -> ModalityPair:
        return Xes()

    @pytest.fixture
    def samples(self, pair: ModalityPair) -> list[Sample]:
        return [molecule(number) for number in range(6)]

    @pytest.fixture
    def predicting(self, pair: ModalityPair) -> list[tuple[Route, Predictor]]:
        routes = [pair.route("structure:xes"), pair.route("structure:xanes")]
        try:
            return [(route, pair.predictor(route, None, "cpu", {})) for route in routes]
        except PluginError as error:
            pytest.skip(str(error))

    def test_simulation_is_reproducible_sample_by_sample(
        self, pair: ModalityPair, samples: list[Sample]
    ) -> None:
        pytest.skip("the simulator of water is tested beside it")
