"""The crystal pair keeps the contract of every pair, with tiny models and with shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from xmodkit.batching import Batcher
from xmodkit.errors import PluginError
from xmodkit.pair import ModalityPair, Options, Route, Sample
from xmodkit.testing import PairContract
from xmodkit_crystal.pair import CrystalPair

for _library in ("ase", "pymatgen", "scipy", "spglib"):
    pytest.importorskip(_library)

SMALL: Options = {"max_atoms": 8, "max_edge": 6.0}


class Tiny(CrystalPair):
    """The pair with tiny model files."""

    shipped: Mapping[str, Path]

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the tiny model of a route."""
        return self.shipped[route.name]


@pytest.fixture(scope="module")
def simulated() -> list[Sample]:
    """Return six crystals, simulated once."""
    return list(CrystalPair().simulate(6, 7, SMALL))


@pytest.fixture(scope="module")
def tiny(tiny_models: Mapping[str, Path]) -> Tiny:
    """Return the pair with tiny model files."""
    pair = Tiny()
    pair.shipped = tiny_models
    return pair


@pytest.fixture(scope="module")
def shipped() -> CrystalPair:
    """Return the pair as it is installed."""
    pair = CrystalPair()
    try:
        pair.model_file(pair.route(), SMALL)
    except PluginError as error:
        pytest.skip(str(error))
    return pair


@pytest.fixture(scope="module")
def tiny_samples(tiny: CrystalPair, simulated: list[Sample]) -> list[Sample]:
    """Return the crystals with latents of the tiny model."""
    return with_latents(tiny, simulated)


@pytest.fixture(scope="module")
def shipped_samples(shipped: CrystalPair, simulated: list[Sample]) -> list[Sample]:
    """Return the crystals with latents of the shipped model."""
    return with_latents(shipped, simulated)


def with_latents(pair: CrystalPair, samples: list[Sample]) -> list[Sample]:
    """Return samples with the latents that the pair's own model gives them."""
    route = pair.route("crystal:latent")
    predictor = pair.predictor(route, None, "cpu", SMALL)
    rows = [row for sample in samples for row in pair.encode(sample, route, SMALL)]
    latents = Batcher(predictor, pair.batch_size).run(rows).fields["latent"].value
    return [
        replace(sample, arrays={**sample.arrays, "latent": {"latent": latent}})
        for sample, latent in zip(samples, latents, strict=True)
    ]


class _Crystals(PairContract):
    options: ClassVar[Options] = SMALL

    def test_simulation_is_reproducible_sample_by_sample(
        self, pair: ModalityPair, simulated: list[Sample]
    ) -> None:
        super().test_simulation_is_reproducible_sample_by_sample(pair, simulated)


class TestCrystalPair(_Crystals):
    @pytest.fixture
    def pair(self, tiny: CrystalPair) -> ModalityPair:
        return tiny

    @pytest.fixture
    def samples(self, tiny_samples: list[Sample]) -> list[Sample]:
        return tiny_samples


class TestShippedModels(_Crystals):
    """The same with the model files that are shipped."""

    @pytest.fixture
    def pair(self, shipped: CrystalPair) -> ModalityPair:
        return shipped

    @pytest.fixture
    def samples(self, shipped_samples: list[Sample]) -> list[Sample]:
        return shipped_samples
