"""A pair whose training takes a second, and `xmod` with that pair alone, in a process of its own.

    python tiny.py train --plugin tiny samples.zarr --out run

A signal of four numbers gives an answer of two. `SLOW` in the environment makes every epoch of
the second stage take about that many seconds, so that there is time to kill it; `NOISE=0` leaves
the first one's noise out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit import plugins
from xmodkit.modality import Array, Axis, Field, Modality
from xmodkit.model import Model, Stage
from xmodkit.pair import Failure, ModalityPair, Options, Route, Sample
from xmodkit.records import sample_columns, sample_rows
from xmodkit.store import StoreWriter

SIGNAL = Modality("signal", (Field("signal", (Axis("i", 4),)),))
ANSWER = Modality("answer", (Field("answer", (Axis("j", 2),)),))


class TinyModel(Model):
    """A noisy linear autoencoder, then a head on its frozen latent."""

    name = "tiny"
    routes = ("signal:answer",)

    def __init__(self) -> None:
        self.networks = nn.ModuleDict(
            {"encoder": nn.Linear(4, 3), "decoder": nn.Linear(3, 4), "head": nn.Linear(3, 2)}
        )
        self.stages = (
            Stage("code", ("encoder", "decoder"), 4, 1e-2, batch_size=16),
            Stage("head", ("head",), 4, 1e-2, batch_size=16, optimiser="adam"),
        )
        self.seen: list[Array] = []

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return both fields."""
        return {**sample.arrays["signal"], **sample.arrays["answer"]}

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return latents once the encoder is frozen."""
        if stage == "code":
            return arrays
        with torch.no_grad():
            latent = self.networks["encoder"](torch.from_numpy(arrays["signal"]))
        return {"latent": latent.numpy(), "answer": arrays["answer"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the squared error, of a noisy reconstruction or of the answer."""
        if stage == "head":
            time.sleep(float(os.environ.get("SLOW", "0")) / 10)
            found = self.networks["head"](batch["latent"])
            return ((found - batch["answer"]) ** 2).mean()
        signal = batch["signal"]
        if self.networks.training:
            self.seen.append(signal[:, 0].numpy())
        latent = self.networks["encoder"](signal)
        if self.networks["encoder"].training:
            noise = float(os.environ.get("NOISE", "0.1"))
            latent = latent + noise * torch.randn_like(latent)
        return ((self.networks["decoder"](latent) - signal) ** 2).mean()

    def graph(self, route: str) -> nn.Module:
        """Return the head on the encoder."""
        return _Graph(self.networks)


class OtherModel(TinyModel):
    """The same with a third stage, that an earlier run cannot have trained."""

    name = "other"

    def __init__(self) -> None:
        super().__init__()
        self.networks["head"] = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))


class _Graph(nn.Module):
    def __init__(self, networks: nn.ModuleDict) -> None:
        super().__init__()
        self.networks = networks

    def forward(self, signal: Tensor) -> dict[str, Tensor]:
        latent = self.networks["encoder"](signal)
        answer = self.networks["head"](latent)
        return {
            "answer": answer,
            "answer_scale": torch.ones_like(answer),
            "novelty": (latent**2).mean(dim=1),
            "latent": latent,
        }


class Tiny(ModalityPair):
    """Signals and answers; simulated only."""

    name = "tiny"
    modalities = (SIGNAL, ANSWER)
    routes = (Route("signal", "answer"),)
    split_by = "plate"

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Read nothing."""
        yield from ()

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield random signals, five to a plate."""
        for i in range(start, start + n):
            signal = np.random.default_rng([seed, i]).normal(size=4).astype(np.float32)
            yield Sample(
                f"s{i:04d}",
                {"signal": {"signal": signal}, "answer": {"answer": signal[:2] * signal[2:]}},
                metadata={"simulated": True},
                groups={"plate": f"p{i // 5}"},
            )

    def models(self) -> Mapping[str, type[Model]]:
        """Return both models."""
        return {"tiny": TinyModel, "other": OtherModel}


def write_store(path: Path, samples: list[Sample]) -> Path:
    """Write samples into a new store."""
    with StoreWriter.create(path, sample_columns(Tiny.modalities)) as writer:
        writer.append(sample_rows(samples, Tiny.modalities))
    return path


if __name__ == "__main__":
    from xmodkit_cli.main import main

    torch.set_num_threads(1)
    plugins.pair = lambda name: Tiny()
    main()
