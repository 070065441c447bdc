"""The graphs of the four routes: raw arrays in, images, patterns and their statistics out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import LINEAL_PATHS, PIXEL_NM, Q_GRID, SIZE, TWO_POINT
from xmodkit_saxs_sem.models.grid import Gridded
from xmodkit_saxs_sem.models.noise import normal
from xmodkit_saxs_sem.models.phases.draw import binary
from xmodkit_saxs_sem.models.phases.fourier import PERIODIC
from xmodkit_saxs_sem.models.statistics import lineal_path, two_point
from xmodkit_saxs_sem.models.tiles import Tiles

if TYPE_CHECKING:
    from xmodkit_saxs_sem.models.phases.model import Phases

__all__ = ["COLUMNS", "ROWS", "graph_of"]

_LEAST_COVERAGE = 0.3  # of the q that matter: below, too little was measured to tell anything
_FOREIGN = 1e3  # the novelty of frames that no threshold should let pass
_FEWEST = 8  # members whose spread says anything
_LEAST_SPREAD = 1e-3
ROWS, COLUMNS = 3, 5  # tiles of a micrograph


class _SaxsToSem(nn.Module):
    """Frames, fractions, seeds and a spread in; images with their statistics out."""

    def __init__(self, model: Phases) -> None:
        super().__init__()
        self.grid, self.profile = model.grid, model.profile
        self.power, self.fraction, self.drawer = model.power, model.fraction, model.drawer
        self.saxs, self.familiar = model.saxs, model.familiar_saxs

    def forward(
        self,
        intensity: Tensor,
        mask: Tensor,
        qx: Tensor,
        qy: Tensor,
        phi: Tensor,
        seed: Tensor,
        spread: Tensor,
    ) -> dict[str, Tensor]:
        found = self.grid(intensity, mask, qx, qy)
        features = self.profile(found.log, found.valid)
        standard = self.fraction.standard(features)
        share = self._shares(standard, phi, seed, spread)  # (N, m)
        noise = _noise(seed, spread)  # (m, 2, 128, 128)
        power = torch.exp(self.power(found.log, found.valid)) * self.power.off_centre
        probability = self.drawer(power, share, standard, noise)
        images = binary(probability, share)  # (N, m, 96, 96)
        correlation = two_point(images)  # (N, m, 48)
        away = (correlation - correlation.mean(dim=1, keepdim=True)).abs().mean(dim=2)
        nearest = away.argmin(dim=1)[:, None, None, None].expand(-1, 1, SIZE, SIZE)
        latent = self.saxs.encode_pattern(found.log, found.valid)
        out = {
            "micrograph": _levels(images.gather(1, nearest)[:, 0]),
            "pixel_nm": torch.full_like(phi, PIXEL_NM),
            "probability": probability.gather(1, nearest)[:, 0],
            "ensemble": _levels(images),
            "novelty": _novelty(self.familiar(found, features), found),
            "latent": latent.flatten(1),
        }
        out |= _spread(TWO_POINT.name, correlation)
        for field, vertical in zip(LINEAL_PATHS, (True, False), strict=True):
            out |= _spread(field.name, lineal_path(images, vertical))
        return out

    def _shares(self, standard: Tensor, phi: Tensor, seed: Tensor, spread: Tensor) -> Tensor:
        """Return every member's area fraction (N, m): as given, or as the pattern tells it."""
        mean, error = self.fraction(standard)
        told = phi > 0
        mean = torch.where(told, phi, mean)
        error = torch.where(told, self.fraction.within, error.exp())
        drawn = normal(seed, 1, stream=1)[:, 0]  # (m,)
        return (mean[:, None] + spread * error[:, None] * drawn).clamp(0.05, 0.95)


class _SemToSaxs(nn.Module):
    """Micrographs in; the scattering of their film on the models' grid out."""

    def __init__(self, model: Phases) -> None:
        super().__init__()
        self.tiles, self.binarise = Tiles(ROWS, COLUMNS), model.binarise
        self.scatterer, self.sem = model.scatterer, model.sem
        self.familiar = model.familiar_sem
        self.pattern = _Pattern(model)

    def forward(self, micrograph: Tensor, pixel_nm: Tensor) -> dict[str, Tensor]:
        levels = self.tiles(micrograph, pixel_nm)  # (N, 15, 224, 224)
        side = levels.shape[-1]
        tiles = self.binarise(levels.reshape(-1, side, side))
        tiles = tiles.reshape(-1, ROWS * COLUMNS, SIZE, SIZE)
        log, error = self.scatterer(tiles)
        middle = tiles[:, ROWS * COLUMNS // 2]
        found: dict[str, Tensor] = self.pattern(log)
        return found | {
            "log_intensity_scale": error.exp(),
            "novelty": self.familiar(levels, tiles),
            "latent": self.sem.encode_image(middle),
        }


class _SaxsToSaxs(nn.Module):
    """Frames in; what their latent keeps of them out."""

    def __init__(self, model: Phases) -> None:
        super().__init__()
        self.grid, self.profile, self.saxs = model.grid, model.profile, model.saxs
        self.familiar, self.pattern = model.familiar_saxs, _Pattern(model)

    def forward(self, intensity: Tensor, mask: Tensor, qx: Tensor, qy: Tensor) -> dict[str, Tensor]:
        found = self.grid(intensity, mask, qx, qy)
        latent = self.saxs.encode_pattern(found.log, found.valid)
        features = self.profile(found.log, found.valid)
        rebuilt: dict[str, Tensor] = self.pattern(self.saxs.decode_pattern(latent))
        return rebuilt | {
            "novelty": _novelty(self.familiar(found, features), found),
            "latent": latent.flatten(1),
        }


class _SemToSem(nn.Module):
    """Micrographs in; the middle 384 nm, as their latent keeps them, out."""

    def __init__(self, model: Phases) -> None:
        super().__init__()
        self.tiles, self.binarise = Tiles(), model.binarise
        self.sem, self.familiar = model.sem, model.familiar_sem

    def forward(self, micrograph: Tensor, pixel_nm: Tensor) -> dict[str, Tensor]:
        levels = self.tiles(micrograph, pixel_nm)  # (N, 1, 224, 224)
        crop = self.binarise(levels[:, 0])  # (N, 96, 96)
        latent = self.sem.encode_image(crop)
        probability, share = self.sem.decode_image(latent)
        return {
            "micrograph": _levels(binary(probability, share)),
            "pixel_nm": torch.full_like(pixel_nm, PIXEL_NM),
            "probability": probability,
            "novelty": self.familiar(levels, crop[:, None]),
            "latent": latent,
        }


class _Pattern(nn.Module):
    """Log intensity as a frame on the models' grid."""

    mask: Tensor
    qx: Tensor
    qy: Tensor

    def __init__(self, model: Phases) -> None:
        super().__init__()
        grid = torch.tensor(Q_GRID, dtype=torch.float32)
        self.register_buffer("mask", model.power.measured)
        self.register_buffer("qx", grid.expand(SIZE, SIZE))
        self.register_buffer("qy", -grid[:, None].expand(SIZE, SIZE))

    def forward(self, log: Tensor) -> dict[str, Tensor]:
        """Return the fields of a frame (N, 96, 96).

        The log is the likeliest one: of what it is the log, peaks are a little lower than the mean.
        """
        flat = torch.zeros_like(log)
        return {
            "intensity": torch.pow(10.0, log),
            "mask": (flat + self.mask).to(torch.uint8),
            "qx": flat + self.qx,
            "qy": flat + self.qy,
            "log_intensity": log,
        }


def _noise(seed: Tensor, spread: Tensor) -> Tensor:
    """Return normal numbers (m, 2, 128, 128): the members' own, below a spread of 1 also shared."""
    count = 2 * PERIODIC**2
    own = normal(seed, count)
    shared = normal(torch.zeros_like(seed[:1]), count, stream=2)
    share = spread.clamp(0.0, 1.0)
    mixed = share * own + torch.sqrt(1 - share**2) * shared
    return mixed.reshape(-1, 2, PERIODIC, PERIODIC)


def graph_of(model: Phases, route: str) -> nn.Module:
    """Return the graph of a route."""
    kinds = {
        "saxs:sem": _SaxsToSem,
        "sem:saxs": _SemToSaxs,
        "saxs:saxs": _SaxsToSaxs,
        "sem:sem": _SemToSem,
    }
    return kinds[route](model)


def _levels(bright: Tensor) -> Tensor:
    return (bright * 255.0).to(torch.uint8)


def _spread(name: str, curves: Tensor) -> dict[str, Tensor]:
    """Return the members' mean (N, 48) and their spread; none of fewer than eight members."""
    mean = curves.mean(dim=1)
    members = torch.ones_like(curves[:, :, 0]).sum(dim=1)[:, None]  # (N, 1)
    squares = ((curves - mean[:, None]) ** 2).sum(dim=1) / (members - 1).clamp(min=1.0)
    spread = torch.sqrt(squares.clamp(min=_LEAST_SPREAD**2))
    nothing = torch.full_like(spread, torch.nan)
    return {name: mean, f"{name}_scale": torch.where(members < _FEWEST, nothing, spread)}


def _novelty(familiar: Tensor, found: Gridded) -> Tensor:
    """Return the novelty (N,); that of frames without q, or with too little, passes nowhere."""
    told = found.known & (found.coverage > _LEAST_COVERAGE)
    return torch.where(told, familiar, familiar + _FOREIGN)
