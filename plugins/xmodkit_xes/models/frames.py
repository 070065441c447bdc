"""The frames in which networks see features and targets, and the way back."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["FeatureFrame", "Scaling", "TargetFrame"]

Scaling = Literal["global", "channel"]

_CONSTANT = 1e-6  # of a feature's size: what varies less is constant, or rounding
_TRUNCATED = 1e-7  # share of the variance that the principal components may leave out


class FeatureFrame(nn.Module):
    """Features with mean 0 and variance 1 over the training rows; constant ones are 0.

    `clip` bounds them, in standard deviations: a rare column may lie hundreds of them away.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, size: int, clip: float | None = None) -> None:
        super().__init__()
        self.clip = clip
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def fit(self, rows: Tensor) -> None:
        """Take mean and standard deviation of rows (N, size)."""
        rows = rows.double()
        mean, spread = rows.mean(dim=0), rows.std(dim=0, correction=0)
        constant = spread <= _CONSTANT * (mean.abs() + _CONSTANT)
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(constant, 0.0, spread))

    def forward(self, rows: Tensor) -> Tensor:
        """Return standardised rows (N, size)."""
        standard = (rows - self.mean) * _inverse(self.scale)
        return standard if self.clip is None else standard.clamp(-self.clip, self.clip)

    def undo(self, standard: Tensor) -> Tensor:
        """Return rows as they were before; a constant feature has its constant."""
        return self.mean + self.scale * standard


class TargetFrame(nn.Module):
    """Targets as principal components, so that a squared error there is one of the targets.

    `scaling` is that of the targets before: one variance for all channels of a spectrum, as
    published, or each channel its own (moments). Their variances sum to 1 over the training rows.
    """

    mean: Tensor
    loadings: Tensor
    scale: Tensor

    def __init__(self, size: int, components: int, scaling: Scaling = "global") -> None:
        super().__init__()
        self.scaling = scaling
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("loadings", torch.zeros(components, size))

    def fit(self, rows: Tensor) -> None:
        """Take means, scales and leading components of rows (N, size)."""
        rows = rows.double()
        centred = rows - rows.mean(dim=0)
        variance = (centred**2).mean(dim=0)
        if self.scaling == "global":
            scale = variance.sum().sqrt().expand_as(variance)
        else:
            flat = variance <= (_CONSTANT * rows.abs().amax(dim=0)) ** 2
            scale = torch.where(flat, 0.0, (variance * (~flat).sum()).sqrt())
        _, _, vectors = torch.linalg.svd(centred * _inverse(scale), full_matrices=False)
        self.mean.copy_(rows.mean(dim=0))
        self.scale.copy_(scale)
        self.loadings.zero_()[: len(vectors)] = vectors[: len(self.loadings)]

    def forward(self, rows: Tensor) -> Tensor:
        """Return components (N, components) of targets (N, size)."""
        return ((rows - self.mean) * _inverse(self.scale)) @ self.loadings.T

    def undo(self, components: Tensor) -> Tensor:
        """Return targets (..., size) of components (..., components)."""
        return self.mean + (components @ self.loadings) * self.scale

    @classmethod
    def of(cls, rows: Tensor, scaling: Scaling = "global") -> TargetFrame:
        """Return the frame of rows (N, size), with as many components as they call for."""
        most = min(rows.shape)
        whole = cls(rows.shape[1], most, scaling)
        whole.fit(rows)
        variance = (whole(rows) ** 2).mean(dim=0)
        left = variance.sum() - variance.cumsum(0)
        frame = cls(rows.shape[1], int((left > _TRUNCATED).sum()) + 1, scaling)
        frame.fit(rows)
        return frame


def _inverse(scale: Tensor) -> Tensor:
    """Return 1 / scale, and 0 where the scale is 0."""
    return torch.where(scale > 0, 1 / scale.clamp(min=torch.finfo(scale.dtype).tiny), 0.0)
