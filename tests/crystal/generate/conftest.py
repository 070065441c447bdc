"""A decoder that needs no training: it answers each latent with the images of a known crystal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xmodkit.modality import Arrays, Axis, Field
from xmodkit.pair import Route
from xmodkit.prediction import Prediction, Value
from xmodkit_crystal.encode import encode_crystal
from xmodkit_crystal.modalities import SLOTS, STABILITY, VOXELS

pytest.importorskip("pymatgen")
pytest.importorskip("spglib")

PHASES = ("VO", "VO2(R)", "V2O3")
K = 4
ROUTE = Route("latent", "crystal", bounds="none")


@cache
def images(phase: str | None) -> Mapping[str, Any]:
    """Return the voxel images of a known phase; of None, empty ones."""
    from xmodkit_crystal.simulator.known import known_crystals

    if phase is not None:
        return encode_crystal(known_crystals()[phase], 12.0)
    return {name: np.zeros_like(array) for name, array in images("VO").items()}


@dataclass
class FakeDecoder:
    """Decodes to the phase whose place among the first three components is the greatest.

    To none where the fourth is above 1. `stability` is by phase, `seen` what it was asked for.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    told: bool = True
    size: int | None = K + SLOTS
    route: Route = ROUTE
    device: str = "cpu"
    identity: str = "fake"
    seen: list[np.ndarray] = field(default_factory=list)

    @property
    def metadata(self) -> SimpleNamespace:
        training = {"data": {"source": "simulated"}}
        return SimpleNamespace(details=self.details, training=training, vectors=())

    @property
    def inputs(self) -> tuple[Field, ...]:
        return (Field("latent", (Axis("component", self.size),)),)

    @property
    def outputs(self) -> tuple[Field, ...]:
        return (*VOXELS.fields, STABILITY.fields[0])

    def run(self, arrays: Arrays, **inputs: Any) -> Prediction:
        latents = self.inputs[0].check(arrays["latent"], batched=True)
        self.seen.append(latents)
        chosen = latents[:, :3].argmax(axis=1)
        phases = [None if row[3] > 1 else PHASES[i] for row, i in zip(latents, chosen, strict=True)]
        fields = {
            one.name: Value(np.stack([images(phase)[one.name] for phase in phases]))
            for one in VOXELS.fields
        }
        if not self.told:
            return Prediction(fields)
        fields["stability"] = Value((0.2 + 0.3 * chosen).astype(np.float32))
        novelty = np.abs(latents[:, :K]).max(axis=1)
        return Prediction(fields, novelty=novelty, novel=novelty > 2)


@pytest.fixture
def decoder() -> FakeDecoder:
    return FakeDecoder()


@pytest.fixture(scope="session")
def fake() -> type[FakeDecoder]:
    """Return the class itself, to be made otherwise."""
    return FakeDecoder
