"""What the networks are trained for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.phases.correlation import centre, correlations, power_of
from xmodkit_saxs_sem.models.phases.draw import aligned, standardised
from xmodkit_saxs_sem.models.phases.fourier import RandomField
from xmodkit_saxs_sem.models.statistics import two_point

if TYPE_CHECKING:
    from xmodkit_saxs_sem.models.phases.model import Phases

__all__ = ["Losses", "crops"]

_TILES = (1, 1, 15)  # how many tiles of a micrograph the scatterer sees, one step or another
_AT_START = 0.25  # share of steps at time 0, where all of the image is still to be drawn
_NOISE = 0.1  # of ring features, in units of their spread


class Losses:
    """The loss of every stage, on prepared rows."""

    def __init__(self, model: Phases) -> None:
        self.model = model
        self.field = RandomField(SIZE)

    def of(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a stage, a scalar."""
        if stage == "saxs":
            return self.rebuild_pattern(batch["saxs"], batch["valid"])
        if stage == "sem":
            return self.rebuild_image(crops(batch["field"]))
        return sum(self.pair(batch).values(), torch.zeros(()))

    def rebuild_pattern(self, log: Tensor, valid: Tensor) -> Tensor:
        """Return the mean error of log intensity where it was measured."""
        return _masked((self.model.saxs(log, valid) - log).abs(), valid)

    def rebuild_image(self, images: Tensor) -> Tensor:
        """Return the cross-entropy of pixels, and the error of S(r)."""
        sem = self.model.sem
        logits = sem.logits(sem.encode_image(images))
        pixels = nn.functional.binary_cross_entropy_with_logits(logits, images)
        shape = (two_point(torch.sigmoid(logits)) - two_point(images)).abs().mean()
        return pixels + 5 * shape

    def pair(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of the networks between the two kinds, by name."""
        model, log, valid = self.model, batch["saxs"], batch["valid"]
        images = crops(batch["field"])
        phi = images.mean(dim=(1, 2)).clamp(0.05, 0.95)
        features = model.fraction.standard(model.profile(log, valid))
        return {
            "power": self.power(log, valid, batch["autocorrelation"]),
            "fraction": 0.1 * self.fraction(features, phi),
            "draw": self.draw(images, phi, features, batch["autocorrelation"]),
            "scatter": 0.3 * self.scatter(batch["field"], log, valid),
        }

    def power(self, log: Tensor, valid: Tensor, known: Tensor) -> Tensor:
        """Return the error of log power, and that of the autocorrelation that belongs to it."""
        found = self.model.power(log, valid)
        told = torch.log(power_of(known).clamp(min=1e-3))
        power = torch.exp(found) * self.model.power.off_centre
        off: Tensor = 0.1 * (found - told).abs().mean()
        apart: Tensor = 10 * (correlations(power) - known).abs().mean()
        return off + apart

    def fraction(self, features: Tensor, phi: Tensor) -> Tensor:
        """Return the negative log likelihood of a crop's area fraction."""
        if self.model.fraction.training:
            features = features + _NOISE * torch.randn_like(features)
        mean, spread = self.model.fraction(features)
        unlikely: Tensor = (0.5 * ((phi - mean) / spread.exp()) ** 2 + spread).mean()
        return unlikely

    def draw(self, images: Tensor, phi: Tensor, features: Tensor, known: Tensor) -> Tensor:
        """Return the cross-entropy of images, somewhere on their way from random fields."""
        drawer = self.model.drawer
        goal = standardised(images, phi)
        with torch.no_grad():
            power = power_of(centre(known, SIZE))
            noise = torch.randn(len(images), 1, 2, SIZE, SIZE)
            fields = [self.field(p[None], n)[0] for p, n in zip(power, noise, strict=True)]
            start = aligned(torch.cat(fields), goal)
        time = torch.rand(len(images)) * (torch.rand(len(images)) > _AT_START)
        at = time[:, None, None]
        way = (1 - at) * start + at * goal
        logits = drawer.logits(way, time, phi, drawer.told(features))
        return nn.functional.binary_cross_entropy_with_logits(logits, images)

    def scatter(self, field: Tensor, log: Tensor, valid: Tensor) -> Tensor:
        """Return the negative log likelihood (Laplace) of log intensity where measured."""
        count = _TILES[int(torch.randint(0, len(_TILES), ()))]
        tiles = torch.stack([crops(field) for _ in range(count)], dim=1)
        found, error = self.model.scatterer(tiles)
        return _masked((found - log).abs() / error.exp() + error, valid)


def crops(field: Tensor, size: int = SIZE) -> Tensor:
    """Return a random crop (N, size, size) of every binary field (N, y, x)."""
    found = []
    for one in field:
        top = int(torch.randint(0, one.shape[0] - size + 1, ()))
        left = int(torch.randint(0, one.shape[1] - size + 1, ()))
        found.append(one[top : top + size, left : left + size])
    return torch.stack(found).float()


def _masked(error: Tensor, valid: Tensor) -> Tensor:
    return (error * valid).sum() / valid.sum()
