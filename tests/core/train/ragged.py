"""A pair whose data shape its models: ragged atoms in, a curve on the data's own energies out.

A curve is the sum of one Gaussian per atom, so that two features of the atoms give a good answer
in closed form. Atoms come padded; each molecule has several sites.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Axis, Field, Modality
from xmodkit.model import Model, Stage
from xmodkit.pair import Failure, ModalityPair, Option, Options, Predictor, Route, Sample
from xmodkit.prediction import Derived
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.store import StoreWriter

ATOMS = Modality(
    "atoms",
    (
        Field("numbers", (Axis("atom", pad=True),), "int32", valid_range=(0, 118), fill=0),
        Field("places", (Axis("atom", pad=True),), fill=0),
        Field("comment", (Axis("letter", 3),)),
    ),
)
CURVE = Modality("curve", (Field("curve", (Axis("curve_energy", unit="eV"),)),))
LATENT = Modality("latent", (Field("latent", (Axis("latent"),)),))
ENERGIES = tuple(float(e) for e in np.linspace(0, 4, 9))


class Closed(Model):
    """Ridge on two features of the atoms: nothing is learned by gradient."""

    name = "closed"
    notes = ("Fitted in closed form.",)

    def __init__(self, energies: list[float], route: str, ridge: float, k: int) -> None:
        self.routes = (route, "latent:curve")
        self.condition = {"element": "H"}
        self.energies, self.ridge, self.k = energies, ridge, k
        self.networks = nn.ModuleDict({"linear": _Weights(k, len(energies))})
        self.stages = (Stage("fit", ("linear",), 0),)

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return energies, route and the number of features."""
        energies = sample.coordinates["curve_energy"]
        return {
            "energies": energies,
            "route": route.name,
            "ridge": options.get("ridge") or 1e-3,
            "k": 2,
        }

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return features and the curve, called otherwise than the field."""
        row = sample.arrays["atoms"]
        numbers, places = (torch.from_numpy(row[n][None]) for n in ("numbers", "places"))
        return {"x": features(numbers, places)[0].numpy(), "y": sample.arrays["curve"]["curve"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Never called."""
        raise AssertionError("nothing is learned by gradient")

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Solve the ridge regression."""
        x = np.hstack([arrays["x"], np.ones((len(arrays["x"]), 1), np.float32)]).astype(float)
        y = arrays["y"].astype(float)
        found = np.linalg.solve(x.T @ x + self.ridge * np.eye(self.k + 1), x.T @ y)
        self.networks["linear"].weight.copy_(torch.from_numpy(found.astype(np.float32)))

    def details(self, route: str, held: Sequence[Sample]) -> Mapping[str, Any]:
        """Return what a solver would need."""
        return {"rows": len(held), "ridge": self.ridge} if route == self.routes[0] else {}

    def graph(self, route: str) -> nn.Module:
        """Return the graph from atoms, or from the two features."""
        return _Curve(self.networks["linear"], atoms=route == self.routes[0])


def features(numbers: Tensor, places: Tensor) -> Tensor:
    """Return how many atoms there are and where, (N, 2); padding counts for nothing."""
    there = (numbers > 0).to(places.dtype)
    return torch.stack([there.sum(1), (there * places).sum(1)], dim=1)


class _Weights(nn.Module):
    weight: Tensor

    def __init__(self, k: int, points: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(k + 1, points))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight[:-1] + self.weight[-1]


class _Curve(nn.Module):
    def __init__(self, linear: nn.Module, *, atoms: bool) -> None:
        super().__init__()
        self.linear = linear
        self.atoms = atoms

    def forward(self, *given: Tensor) -> dict[str, Tensor]:
        x = features(*given) if self.atoms else given[0]
        value = self.linear(x)
        novelty = x.abs().sum(1)
        return {
            "curve": value,
            "curve_scale": torch.ones_like(value),
            "novelty": novelty,
            "latent": x,
        }


class Ragged(ModalityPair):
    """Atoms and curves; a graph takes all fields of atoms but the comment."""

    name = "ragged"
    modalities = (ATOMS, CURVE, LATENT)
    routes = (
        Route("atoms", "curve"),
        Route("latent", "curve", bounds="none"),
        Route("curve", "atoms", kind="fit"),
    )
    options = (Option("ridge", "How much.", "float", commands=("train",)),)
    split_by = "molecule"
    averaged = "molecule"
    element: str | None = None

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Read nothing."""
        yield from ()

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Mapping]:
        """Leave the comment out."""
        names = [field.name for field in self.encoded(route)]
        return ({name: sample.arrays[route.source][name] for name in names},)

    def encoded(self, route: Route) -> tuple[Field, ...]:
        """Return what a graph takes of atoms."""
        fields = super().encoded(route)
        return fields[:2] if route.source == "atoms" else fields

    def configured(self, options: Options, predictor: Predictor) -> Ragged:
        """Remember the element that the model is for."""
        other = Ragged()
        other.element = predictor.metadata.condition.get("element")
        return other

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the area under a curve, called after the element."""
        return (Field(f"area_{self.element}"),) if route.target == "curve" else ()

    def derive(self, fields: Mapping[str, Array], route: Route) -> Mapping[str, Derived]:
        """Integrate over the energies that come with the fields."""
        step = np.diff(fields["curve_energy"])[0]
        return {f"area_{self.element}": Derived((fields["curve"].sum(axis=1) * step), unit="eV")}

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield sites, three to a molecule, of one to six atoms, every third padded by one."""
        for i in range(start, start + n):
            shared = np.random.default_rng([seed, i // 3])
            noise = shared.normal(0, 0.02, len(ENERGIES))
            rng = np.random.default_rng([seed, i, 1])
            atoms = int(rng.integers(1, 7))
            numbers = np.ones(atoms + (i % 3 == 0), np.int32)
            places = rng.uniform(1, 3, len(numbers)).astype(np.float32)
            numbers[atoms:], places[atoms:] = 0, 0
            energies = np.array(ENERGIES)
            curve = np.exp(-((energies - places[:atoms, None]) ** 2)).sum(0) + noise
            yield Sample(
                f"m{i // 3:03d}-{i % 3}",
                {
                    "atoms": {
                        "numbers": numbers,
                        "places": places,
                        "comment": np.zeros(3, np.float32),
                    },
                    "curve": {"curve": curve.astype(np.float32)},
                },
                metadata={"simulated": True, "data": "Sums of Gaussians.", "licence": "CC0-1.0"},
                groups={"molecule": f"m{i // 3:03d}"},
                coordinates={"curve_energy": ENERGIES},
            )

    def models(self) -> Mapping[str, type[Model]]:
        """Return the model."""
        return {"closed": Closed}


def write_store(path: Path, samples: list[Sample]) -> Path:
    """Write samples into a new store."""
    modalities = held(samples[0], Ragged.modalities)
    with StoreWriter.create(path, sample_columns(modalities)) as writer:
        writer.append(sample_rows(samples, modalities))
    return path
