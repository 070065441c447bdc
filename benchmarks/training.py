"""Time the training of `vae` at its default settings against a plain fp32 loop over arrays.

    python benchmarks/training.py                          # simulates 1,500 samples, 3 seeds
    python benchmarks/training.py samples.zarr -n 4000 --epochs 20 --seeds 5

The plain loop is what a careful person writes in an hour: the same networks and loss in torch's
single precision and default memory layout, the same optimiser, schedule and clipping, the same
start and the same batches, arrays in memory, the allocator tuned as in ours. Both take turns,
epoch by epoch, in one process; then both are judged on the same test rows. Read the ratio, not the
rates. A few epochs say little of the losses: they are still falling, from starts of their own.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xmodkit import plugins
from xmodkit.model import Model, Stage
from xmodkit.reading import samples_in_store
from xmodkit.train.allocator import keep_large_buffers
from xmodkit.train.batches import batches, gather
from xmodkit.train.distributed import Processes
from xmodkit.train.stage import StageLoop
from xmodkit_uvvis.models.vae import Decoder, Encoder, negative_elbo

Images = NDArray[np.uint8]


class PlainLoop:
    """The peer: fp32, contiguous memory, nothing else left out."""

    def __init__(
        self, stage: Stage, start: nn.ModuleDict, images: Images, order: np.random.Generator
    ) -> None:
        self.stage, self.images, self.order = stage, images, order
        self.encoder, self.decoder = Encoder(), Decoder()
        self.encoder.load_state_dict(start["encoder"].state_dict())
        self.decoder.load_state_dict(start["decoder"].state_dict())
        self.parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        optimiser = torch.optim.Adam if stage.optimiser == "adam" else torch.optim.AdamW
        self.optimiser = optimiser(
            self.parameters, lr=stage.learning_rate, weight_decay=stage.weight_decay
        )
        steps = stage.epochs * math.ceil(len(images) / stage.batch_size)
        self.schedule: torch.optim.lr_scheduler.LRScheduler
        if stage.schedule == "cosine":
            self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, steps)
        else:
            self.schedule = torch.optim.lr_scheduler.ConstantLR(self.optimiser, 1.0)

    def train(self, _epoch: int) -> None:
        """Train one epoch."""
        for taken in batches(self.order.permutation(len(self.images)), self.stage.batch_size):
            image = torch.from_numpy(self.images[taken]) / 255.0
            mean, log_variance = self.encoder(image)
            latent = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
            loss = negative_elbo(mean, log_variance, self.decoder.logits(latent), image)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            norm = self.stage.clip * math.sqrt(len(self.parameters))
            nn.utils.clip_grad_norm_(self.parameters, norm)
            self.optimiser.step()
            self.schedule.step()
            loss.item()


@torch.no_grad()
def test_loss(encoder: nn.Module, decoder: nn.Module, images: Images) -> float:
    """Return the loss of test rows in single precision, from the latent's mean."""
    sums = 0.0
    for taken in batches(np.arange(len(images)), 128):
        image = gather({"scan": images}, taken)["scan"] / 255.0
        mean, log_variance = encoder(image)
        sums += float(negative_elbo(mean, log_variance, decoder.logits(mean), image)) * len(taken)
    return sums / len(images)


def compare(
    images: Images, held: Images, epochs: int, seed: int
) -> tuple[list[float], list[float], tuple[float, float]]:
    """Train both by turns; return the seconds of each epoch of both, and their test losses."""
    torch.manual_seed(seed)
    model: Model = plugins.pair("uvvis").models()["vae"]()
    stage = replace(model.stages[0], epochs=epochs)
    orders = np.random.default_rng(seed), np.random.default_rng(seed)
    rows = {"scan": images}
    ours = StageLoop(model, stage, model.rows(stage.name, rows), (), orders[0], Processes())
    plain = PlainLoop(stage, model.networks, images, orders[1])
    seconds: tuple[list[float], list[float]] = ([], [])
    for epoch in range(1, epochs + 1):
        turns = [(ours, seconds[0]), (plain, seconds[1])]
        for loop, times in turns if epoch % 2 else turns[::-1]:
            started = time.perf_counter()
            loop.train(epoch)
            times.append(time.perf_counter() - started)
    model.networks.eval()
    losses = (
        test_loss(model.networks["encoder"], model.networks["decoder"], held),
        test_loss(plain.encoder, plain.decoder, held),
    )
    return *seconds, losses


def load(store: Path | None, n: int) -> Images:
    """Return n images as `vae` prepares them: of a store, or simulated."""
    pair = plugins.pair("uvvis")
    model = pair.models()["vae"]()
    source = pair.simulate(n, 0, {}) if store is None else samples_in_store(
        store, pair, pair.route(), every_modality=True
    )  # fmt: skip
    return np.stack(
        [model.prepare(sample)["scan"] for sample, _ in zip(source, range(n), strict=False)]
    )


def main() -> None:
    """Print rates, their ratio, and the test losses of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, nargs="?", help="samples; simulated if left out")
    parser.add_argument("-n", type=int, default=1500, help="samples, a quarter of them for testing")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    keep_large_buffers()
    images = load(arguments.store, arguments.n)
    held, training = np.split(images, [len(images) // 4])
    print(
        f"{len(training)} training images, {len(held)} test images, "
        f"{torch.get_num_threads()} threads"
    )
    times: tuple[list[float], list[float]] = ([], [])
    losses: tuple[list[float], list[float]] = ([], [])
    for seed in range(arguments.seeds):
        ours, plain, found = compare(training, held, arguments.epochs, seed)
        for i, seconds in enumerate((ours, plain)):
            times[i].extend(seconds[1:])  # the first epoch warms up
            losses[i].append(found[i])
    medians = [statistics.median(seconds) for seconds in times]
    for name, median, found in zip(
        ("vae, default settings", "plain fp32 loop"), medians, losses, strict=True
    ):
        spread = f"{min(found):.1f} to {max(found):.1f}"
        print(
            f"{name:24} {len(training) / median:8,.0f} samples/s   "
            f"test loss {statistics.mean(found):.1f} ({spread} over {len(found)} seeds)"
        )
    print(f"ratio {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
