"""PairVAE's four routes as graphs: raw arrays in, predictions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import PIXEL_NM, Q_GRID, SIZE
from xmodkit_saxs_sem.models.grid import FrameToGrid, scaled, unscaled
from xmodkit_saxs_sem.models.noise import normal
from xmodkit_saxs_sem.models.pairvae.encoder import Encoder, Posterior
from xmodkit_saxs_sem.models.pairvae.frame import TrainingRows
from xmodkit_saxs_sem.models.pairvae.resnet import ResNet50
from xmodkit_saxs_sem.models.statistics import lineal_path, two_point
from xmodkit_saxs_sem.models.tiles import Tiles

__all__ = ["GRAPHS", "Parts", "as_channels"]

_STRANGE = 1e3  # added to the novelty of a frame whose q is not known
_LEAST = 2e-3  # of a statistic's spread over an ensemble
_OWN, _FURTHER = 0, 1  # streams of noise: the encoder's sample, and the ensemble's


@dataclass(frozen=True)
class Parts:
    """The networks a graph is made of; `draws` says whether latents are samples or means."""

    resnet: ResNet50
    encoders: nn.ModuleDict
    saxs_decoder: nn.Module
    sem_decoder: nn.Module
    rows: TrainingRows
    binarise: nn.Module
    size: int
    draws: bool


class _Frames(nn.Module):
    """Raw frames to the latent's distribution and novelty."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.grid = FrameToGrid(parts.size)
        self.resnet, self.rows = parts.resnet, parts.rows
        self.encoder: Encoder = parts.encoders["saxs"]  # type: ignore[assignment]

    def forward(self, *frame: Tensor) -> tuple[Posterior, Tensor]:
        found = self.grid(*frame)
        features = self.resnet(as_channels(scaled(found.log) * found.valid))
        strange = torch.where(found.known, 0.0, _STRANGE)
        return self.encoder(features), self.rows.saxs(features) + strange


class _Micrographs(nn.Module):
    """Raw micrographs to the latent's distribution of their middle, and novelty."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.tiles, self.binarise = Tiles(), parts.binarise
        self.resnet, self.rows = parts.resnet, parts.rows
        self.encoder: Encoder = parts.encoders["sem"]  # type: ignore[assignment]

    def forward(self, micrograph: Tensor, pixel_nm: Tensor) -> tuple[Posterior, Tensor]:
        crop = self.binarise(self.tiles(micrograph, pixel_nm)[:, 0])
        features = self.resnet(as_channels(crop))
        return self.encoder(features), self.rows.sem(features)


class _Ensemble(nn.Module):
    """saxs:sem. Latents spread around the frame's own as those of the training rows do."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.encode, self.decoder = _Frames(parts), parts.sem_decoder
        self.rows, self.draws = parts.rows, parts.draws

    def forward(
        self, intensity: Tensor, mask: Tensor, qx: Tensor, qy: Tensor, phi: Tensor,
        seed: Tensor, spread: Tensor,
    ) -> dict[str, Tensor]:  # fmt: skip
        posterior, novelty = self.encode(intensity, mask, qx, qy)
        logit = self.decoder(self._latents(posterior, seed, spread).flatten(0, 1))
        shape = (phi.shape[0], seed.shape[0], SIZE, SIZE)
        probability = _of_model_pixels(torch.sigmoid(logit)).reshape(shape)
        bright = (probability > 0.5).float()
        statistics = {
            "two_point": two_point(bright),
            "lineal_path_vertical": lineal_path(bright, vertical=True),
            "lineal_path_horizontal": lineal_path(bright, vertical=False),
        }
        shown = _most_typical(statistics["two_point"])
        found = {
            "micrograph": _levels(_member(bright, shown)),
            "pixel_nm": torch.full_like(phi, PIXEL_NM),
            "probability": _member(probability, shown),
            "ensemble": _levels(bright),
            "novelty": novelty,
            "latent": posterior.mean.flatten(1),
        }
        for name, members in statistics.items():
            mean = members.mean(dim=1)
            variance = (members - mean[:, None]).square().mean(dim=1)
            found[name] = mean
            found[f"{name}_scale"] = variance.sqrt().clamp(min=_LEAST)
        return found

    def _latents(self, posterior: Posterior, seed: Tensor, spread: Tensor) -> Tensor:
        """Return latents (N, m, 32, n, n), a member per seed."""
        shape = self.rows.deviation.shape
        further = _noise(seed, _FURTHER, shape) * self.rows.deviation
        latent = posterior.mean[:, None] + spread * further
        if self.draws:
            latent = latent + posterior.scale[:, None] * _noise(seed, _OWN, shape)
        return latent


class _Rebuilt(nn.Module):
    """A route without further inputs: one latent, of the same noise for every row."""

    def __init__(self, parts: Parts, encode: nn.Module) -> None:
        super().__init__()
        self.encode, self.rows, self.draws = encode, parts.rows, parts.draws

    def latent(self, posterior: Posterior) -> Tensor:
        if not self.draws:
            return posterior.mean
        seed = torch.zeros(1, dtype=torch.int64, device=posterior.mean.device)
        return posterior.mean + posterior.scale * _noise(seed, _OWN, self.rows.deviation.shape)


class _ToSaxs(_Rebuilt):
    """sem:saxs and saxs:saxs."""

    qx: Tensor
    qy: Tensor

    def __init__(self, parts: Parts, encode: nn.Module) -> None:
        super().__init__(parts, encode)
        self.decoder = parts.saxs_decoder
        q = torch.tensor(Q_GRID, dtype=torch.float32)
        self.register_buffer("qx", q.expand(SIZE, SIZE).clone())
        self.register_buffer("qy", -q[:, None].expand(SIZE, SIZE).clone())

    def forward(self, *raw: Tensor) -> dict[str, Tensor]:
        posterior, novelty = self.encode(*raw)
        log = unscaled(_on_model_grid(self.decoder(self.latent(posterior)).mean(dim=1)))
        return {
            "intensity": 10.0**log,
            "mask": _on_model_grid(self.rows.seen).expand_as(log).to(torch.uint8),
            "qx": self.qx.expand_as(log),
            "qy": self.qy.expand_as(log),
            "log_intensity": log,
            "log_intensity_scale": torch.ones_like(log),
            "novelty": novelty,
            "latent": posterior.mean.flatten(1),
        }


class _ToSem(_Rebuilt):
    """sem:sem."""

    def __init__(self, parts: Parts, encode: nn.Module) -> None:
        super().__init__(parts, encode)
        self.decoder = parts.sem_decoder

    def forward(self, *raw: Tensor) -> dict[str, Tensor]:
        posterior, novelty = self.encode(*raw)
        probability = _of_model_pixels(torch.sigmoid(self.decoder(self.latent(posterior))))
        return {
            "micrograph": _levels((probability > 0.5).float()),
            "pixel_nm": torch.full_like(novelty, PIXEL_NM),
            "probability": probability,
            "novelty": novelty,
            "latent": posterior.mean.flatten(1),
        }


GRAPHS: Mapping[str, Callable[[Parts], nn.Module]] = {
    "saxs:sem": _Ensemble,
    "sem:saxs": lambda parts: _ToSaxs(parts, _Micrographs(parts)),
    "saxs:saxs": lambda parts: _ToSaxs(parts, _Frames(parts)),
    "sem:sem": lambda parts: _ToSem(parts, _Micrographs(parts)),
}


def as_channels(picture: Tensor) -> Tensor:
    """Return pictures (N, S, S) as three equal channels."""
    return picture[:, None].expand(-1, 3, -1, -1)


def _noise(seed: Tensor, stream: int, shape: torch.Size) -> Tensor:
    """Return noise (m, 32, n, n), the same for equal seeds."""
    return normal(seed, shape.numel(), stream).reshape(-1, *shape)


def _of_model_pixels(probability: Tensor) -> Tensor:
    """Return probabilities (N, S, S) as means over the pixels of predicted images."""
    step = probability.shape[-1] // SIZE
    return nn.functional.avg_pool2d(probability[:, None], step)[:, 0]


def _on_model_grid(picture: Tensor) -> Tensor:
    """Return values (..., S, S) at the q of the model grid, of which finer ones hold every one."""
    step = picture.shape[-1] // SIZE
    return picture[..., ::step, ::step]


def _most_typical(curves: Tensor) -> Tensor:
    """Return the member (N,) whose curve (N, m, r) lies nearest to the mean of all."""
    return (curves - curves.mean(dim=1, keepdim=True)).abs().mean(dim=2).argmin(dim=1)


def _member(images: Tensor, chosen: Tensor) -> Tensor:
    """Return one image (N, y, x) of each row's (N, m, y, x)."""
    index = chosen[:, None, None, None].expand(-1, 1, *images.shape[2:])
    return images.gather(1, index)[:, 0]


def _levels(bright: Tensor) -> Tensor:
    return (255 * bright).to(torch.uint8)
