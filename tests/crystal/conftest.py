"""Fixtures of the crystal tests: a tiny model, trained for a moment and exported on all routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xmodkit.pair import Options, Route, Sample
from xmodkit_crystal.pair import CrystalPair

if TYPE_CHECKING:
    from xmodkit.model import Model

ROUTES = ("crystal:latent", "crystal:crystal", "latent:crystal", "latent:stability")
_CRYSTALS = 20


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return model files by route, of one training on a few crystals with made-up energies.

    They know next to nothing, but are whole: what holds for them holds for any model.
    """
    for library in ("torch", "onnxscript", "pymatgen", "spglib"):
        pytest.importorskip(library)
    from xmodkit import plugins
    from xmodkit.records import held, sample_columns, sample_rows
    from xmodkit.store import StoreWriter
    from xmodkit.train import TrainJob, train, write_model

    folder = tmp_path_factory.mktemp("tiny")
    pair = _pair()
    samples = _crystals()
    modalities = held(samples[0], pair.modalities)
    with StoreWriter.create(folder / "samples.zarr", sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    job = TrainJob(
        pair, "lattice", folder / "samples.zarr", folder / "run", epochs=1, split_by="sample"
    )
    run = train(job)
    exporter, paths = plugins.exporter("onnx"), {}
    for name in ROUTES:
        paths[name] = folder / f"{name.replace(':', '-')}.onnx"
        write_model(run, run.pair, exporter, paths[name], run.pair.route(name))
    return paths


def _crystals() -> list[Sample]:
    from xmodkit_crystal.simulator.simulate import simulate

    return [
        replace(sample, metadata={**sample.metadata, "formation_energy": -2 + 0.2 * i})
        for i, sample in enumerate(simulate(_CRYSTALS, 3, longest=6.0, most_atoms=8))
    ]


def _pair() -> CrystalPair:
    """Return the pair with a smaller model."""
    from xmodkit_crystal.models.lattice.model import Lattice

    class Small(Lattice):
        @classmethod
        def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
            return {"channels": 1, "stable_below": -1.0}

    class Pair(CrystalPair):
        def models(self) -> Mapping[str, type[Model]]:
            return {"lattice": Small}

    return Pair()
