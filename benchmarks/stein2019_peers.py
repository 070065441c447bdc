"""Peers of the models of Stein et al. 2019, on the same rows: colour alone, and a plain CNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit_uvvis.models.edges import EdgeLoss
from xmodkit_uvvis.models.readers import ProfileReader, Standardise

__all__ = ["SmallCnn", "fit_cnn", "fit_features", "histogram", "mean_rgb", "shuffled"]

Floats = NDArray[np.float32]
Images = NDArray[np.uint8]  # (N, 3, 64, 64)
Predict = Callable[[NDArray], Floats]
BATCH, EPOCHS = 128, 30


def mean_rgb(images: Images) -> Floats:
    """Return each image's mean colour (N, 3) in 0..1."""
    return np.stack([image.mean(axis=(1, 2)) / 255 for image in images]).astype(np.float32)


def histogram(images: Images) -> Floats:
    """Return each channel's cumulative histogram, as 17 quantiles: (N, 51) in 0..1."""
    at = np.round(np.linspace(0, 64 * 64 - 1, 17)).astype(int)
    ordered = [np.sort(image.reshape(3, -1), axis=1)[:, at] / 255 for image in images]
    return np.stack(ordered).reshape(len(images), -1).astype(np.float32)


def shuffled(images: Images, seed: int) -> Images:
    """Return images with their pixels in an order of chance: colour without place."""
    rng = np.random.default_rng(seed)
    flat = images.reshape(len(images), 3, -1)
    found = np.stack([image[:, rng.permutation(image.shape[1])] for image in flat])
    return found.reshape(images.shape)


def fit_features(
    features: Floats, spectra: Floats, held: tuple[Floats, Floats], seed: int, epochs: int = EPOCHS
) -> Predict:
    """Fit two of our own model's readers to other features; keep the best epoch on held rows."""
    torch.manual_seed(seed)
    network = _FeatureReaders(features.shape[1])
    network.features.fit(torch.from_numpy(features))
    network.spectra.fit(torch.from_numpy(spectra))
    return _fit(network, features, spectra, held, epochs, 1e-2, lambda batch: batch)


class _FeatureReaders(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.features, self.spectra = Standardise(size), Standardise(220)
        self.readers = nn.ModuleList(ProfileReader(size) for _ in range(2))

    def forward(self, row: Tensor) -> Tensor:
        row = self.features(row)
        return self.spectra.undo(torch.stack([reader(row) for reader in self.readers]))


class SmallCnn(nn.Module):
    """Four strided convolutions, the mean over places, two dense layers."""

    def __init__(self, spectra: Floats) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inward, outward in ((3, 16), (16, 32), (32, 64), (64, 96)):
            layers += [nn.Conv2d(inward, outward, 3, stride=2, padding=1), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.last = nn.Sequential(nn.Linear(96, 128), nn.ReLU(), nn.Linear(128, spectra.shape[1]))
        self.register_buffer("mean", torch.from_numpy(spectra.mean(axis=0)))
        self.register_buffer("spread", torch.from_numpy(spectra.std(axis=0)))

    def forward(self, image: Tensor) -> Tensor:
        """Return spectra (N, 220) of images (N, 3, 64, 64) in 0..1."""
        h = self.convolutions(image.contiguous(memory_format=torch.channels_last))  # (N, 96, 4, 4)
        return self.mean + self.spread * self.last(h.mean(dim=(2, 3)))


def fit_cnn(
    images: Images, spectra: Floats, held: tuple[Images, Floats], seed: int, epochs: int = EPOCHS
) -> Predict:
    """Fit a small CNN from images to spectra, flipped at random; keep the best epoch."""
    torch.manual_seed(seed)
    return _fit(SmallCnn(spectra), images, spectra, held, epochs, 1e-3, _flipped)


def _flipped(image: Tensor) -> Tensor:
    return torch.flip(image, [axis for axis in (2, 3) if torch.rand(()) < 0.5])


def _fit(
    network: nn.Module,
    inputs: NDArray,
    spectra: Floats,
    held: tuple[NDArray, Floats],
    epochs: int,
    decay: float,
    change: Callable[[Tensor], Tensor],
) -> Predict:
    loss_of, truth = EdgeLoss(spectra), torch.from_numpy(spectra)
    steps = epochs * -(-len(inputs) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    best, kept = np.inf, network.state_dict()
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(inputs)).split(BATCH):
            loss = loss_of(network(change(_scaled(inputs[rows.numpy()]))), truth[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        value = torch.from_numpy(_predict(network, held[0]))
        found = float(loss_of(value, torch.from_numpy(held[1])))
        if found < best:
            best, kept = found, {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(kept)
    return lambda asked: _predict(network, asked)


@torch.no_grad()
def _predict(network: nn.Module, inputs: NDArray) -> Floats:
    network.eval()
    found = [network(_scaled(inputs[i : i + 512])) for i in range(0, len(inputs), 512)]
    value = torch.cat([f.mean(dim=0) if f.ndim == 3 else f for f in found])
    return value.float().numpy()


def _scaled(inputs: NDArray) -> Tensor:
    tensor = torch.from_numpy(inputs)
    return tensor / 255.0 if tensor.dtype == torch.uint8 else tensor
