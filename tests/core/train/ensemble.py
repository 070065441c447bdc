"""A pair whose graph draws an ensemble: levels in; an image, its members and their mean level out.

    python ensemble.py infer --plugin ensemble store.zarr --n 5

What an image shows is two levels, of its rows above and below; noise of each seed disturbs them.
The mean levels are predicted beside the target's fields and have bounds; of every seventh sample
nothing was measured, and of every third one level is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from xmodkit import plugins
from xmodkit.errors import InputError
from xmodkit.modality import Array, Arrays, Axis, Field, Modality
from xmodkit.model import Model, Stage
from xmodkit.pair import (
    Failure,
    Generation,
    ModalityPair,
    Option,
    Options,
    Predictor,
    Route,
    Sample,
)
from xmodkit.prediction import Derived
from xmodkit.records import held, sample_columns, sample_rows
from xmodkit.store import StoreWriter

SIZE = 6
LEVELS = Modality("levels", (Field("levels", (Axis("half", 2),)),))
PICTURE = Modality(
    "picture", (Field("picture", (Axis("y"), Axis("x")), "uint8", valid_range=(0, 255), fill=0),)
)
HALF = Axis("part", 2, "nm", (1.0, 3.0))
MEANS = Field("means", (HALF,), unit="1", long_name="mean level")
MEMBERS = Field("members", (Axis("member"), Axis("y", SIZE), Axis("x", SIZE)), "uint8", fill=0)
TEXTURE = Field("texture", (Axis("y", SIZE), Axis("x", SIZE)))


class Drawn(Model):
    """Closed form: the noise of a seed is a sine of it; nothing is learned but the novelty."""

    name = "drawn"
    routes = ("levels:picture", "picture:picture")

    def __init__(self) -> None:
        self.networks = nn.ModuleDict({"gain": nn.Linear(1, 1)})
        self.stages = (Stage("fit", ("gain",), 3, keep="last"),)
        self.begun: list[tuple[str, int]] = []

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the levels, and their truths as they were not measured."""
        found = self.target("levels:picture", sample)["means"]
        return {"x": sample.arrays["levels"]["levels"], "y": np.nan_to_num(found)}

    def start_epoch(self, stage: str, epoch: int) -> None:
        """Remember which epochs were begun."""
        self.begun.append((stage, epoch))

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return anything with a gradient."""
        return ((self.networks["gain"](batch["x"][:, :1]) - batch["y"][:, :1]) ** 2).mean()

    def target(self, route: str, sample: Sample) -> Mapping[str, Array]:
        """Return means of the image's halves, NaN where the sample says so; or a small image."""
        picture = sample.arrays["picture"]["picture"]
        if route == "picture:picture":
            return {"picture": picture[:SIZE, :SIZE]}
        means = np.array([picture[:SIZE].mean(), picture[SIZE:].mean()], np.float32) / 255
        return {"means": np.where(sample.metadata["measured"], means, np.nan).astype(np.float32)}

    def inputs(self, route: str, sample: Sample | None = None) -> Mapping[str, Array]:
        """Return forty seeds, or three that belong to a sample."""
        if route == "picture:picture":
            return {}
        if sample is None:
            return {"seed": np.arange(40), "spread": np.float32(1)}
        first = int(sample.id[1:])
        return {"seed": np.arange(first, first + 3), "spread": np.float32(0.5)}

    def input_fields(self, route: str) -> tuple[Field, ...]:
        """Describe any number of seeds, and the spread."""
        if route == "picture:picture":
            return ()
        return (Field("seed", (Axis("member"),), "int64"), Field("spread"))

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Add members and means to the target's fields, or a texture."""
        axes = (Axis("y", SIZE), Axis("x", SIZE))
        own = tuple(replace(field, axes=axes) for field in fields)
        return (*own, TEXTURE) if route == "picture:picture" else (*own, MEMBERS, MEANS)

    def tolerances(self, route: str) -> Mapping[str, float]:
        """Return more than the default where levels are rounded."""
        more = {"cpu": 2e-4, "cuda": 3e-2}
        return super().tolerances(route) if route == "picture:picture" else more

    def graph(self, route: str) -> nn.Module:
        """Return the ensemble, or the corner of a picture."""
        return _Corner() if route == "picture:picture" else _Ensemble()


class _Ensemble(nn.Module):
    def forward(self, levels: Tensor, seed: Tensor, spread: Tensor) -> dict[str, Tensor]:
        noise = torch.sin(seed.to(torch.float32) * 1.7)  # (m,)
        drawn = levels[:, None] + 0.1 * spread * noise[None, :, None]  # (N, m, 2)
        rows = torch.repeat_interleave(drawn, SIZE // 2, dim=2)[..., None]
        members = rows.expand(-1, -1, -1, SIZE)  # (N, m, y, x)
        members = (255 * members.clamp(0, 1)).round().to(torch.uint8)
        means = drawn.mean(dim=1)
        return {
            "picture": members[:, 0],
            "members": members,
            "means": means,
            "means_scale": 0.02 + torch.zeros_like(means),
            "novelty": (levels - 0.5).abs().sum(dim=1),
            "latent": levels * 2,
        }


class _Corner(nn.Module):
    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        corner = picture[:, :SIZE, :SIZE]
        texture = corner.to(torch.float32) / 255
        return {
            "picture": corner,
            "texture": texture,
            "novelty": texture.mean(dim=(1, 2)),
            "latent": texture.mean(dim=2),
        }


class Ensemble(ModalityPair):
    """Levels and pictures."""

    name = "ensemble"
    modalities = (LEVELS, PICTURE)
    routes = (
        Route("levels", "picture", bounds="ensemble", inputs=("seed", "spread")),
        Route("picture", "picture", bounds="none"),
    )
    options = (
        Option("n", "How many members.", "int", commands=("infer", "generate")),
        Option("seed", "The first member's seed.", "int", 0, commands=("infer",)),
        Option("from", "A level to start from.", "float", commands=("generate",)),
    )
    batch_size = 4
    model: Path

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Read nothing."""
        yield from ()

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the file that a test has written."""
        return self.model

    def inputs(self, route: Route, options: Options) -> Arrays:
        """Return as many seeds as asked for; of the file otherwise."""
        if options.get("n") is None or "seed" not in route.inputs:
            return {}
        return {"seed": np.arange(options["n"]) + (options.get("seed") or 0)}

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the mean level."""
        return (Field("level"), Field("length", unit="nm")) if route.inputs else ()

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Average the means, and weigh them by their places."""
        if not route.inputs or "means" not in fields:
            return {}
        means = fields["means"]
        return {
            "level": Derived(means.mean(axis=1)),
            "length": Derived((means * fields["part"]).sum(axis=1, dtype=means.dtype), unit="nm"),
        }

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return the levels themselves, which are no picture."""
        if not route.inputs:
            return {}
        return {"the levels": {"means": np.stack([s.arrays["levels"]["levels"] for s in test])}}

    def generate(self, predictor: Predictor, seed: int, options: Options) -> Generation:
        """Draw as many pictures of one level as asked for."""
        level, n = options["from"], options["n"] or 3
        if level is None or not 0 <= level <= 1:
            raise InputError(f"--from {level}: a level from 0 to 1 expected")
        levels = np.full((1, 2), level, np.float32)
        found = predictor.run({"levels": levels}, seed=np.arange(seed, seed + n))
        members = found.fields["members"].value[0]
        samples = [
            Sample(f"g{i}", {"picture": {"picture": member}}, metadata={"level": level})
            for i, member in enumerate(members)
        ]
        return Generation(samples, {"first": Image.fromarray(members[0])})

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield pictures of two levels, of 2 SIZE rows and any width."""
        for i in range(start, start + n):
            rng = np.random.default_rng([seed, i])
            levels = rng.uniform(0.2, 0.8, 2).astype(np.float32)
            shown = (levels + rng.normal(0, 0.03, 2)).clip(0, 1)
            rows = np.repeat((255 * shown).round().astype(np.uint8), SIZE)
            known = [i % 7 != 0, i % 7 != 0 and i % 3 != 0]
            yield Sample(
                f"s{i:04d}",
                {
                    "levels": {"levels": levels},
                    "picture": {"picture": np.repeat(rows[:, None], SIZE + i % 3, axis=1)},
                },
                metadata={"simulated": True, "measured": known},
            )

    def models(self) -> Mapping[str, type[Model]]:
        """Return the model."""
        return {"drawn": Drawn}


def write_store(path: Path, samples: list[Sample], **more: Any) -> Path:
    """Write samples into a new store."""
    modalities = held(samples[0], Ensemble.modalities)
    with StoreWriter.create(path, sample_columns(modalities), **more) as writer:
        writer.append(sample_rows(samples, modalities))
    return path


if __name__ == "__main__":
    import os

    from xmodkit_cli.main import main

    Ensemble.model = Path(os.environ.get("MODEL", "drawn.onnx"))
    plugins.pair = lambda name: Ensemble()
    main()
