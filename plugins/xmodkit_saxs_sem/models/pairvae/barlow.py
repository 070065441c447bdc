"""Pre-training of the encoder that PairVAE freezes, on the training pictures themselves.

The authors froze a ResNet50 trained with Barlow Twins on micrographs of their own, whose weights
are not public. Here two views of each picture must agree.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.models.pairvae.resnet import glorot

__all__ = ["Projector", "view"]

_LAYERS = (128, 64, 1024)  # the authors' file of weights is named after these numbers
_ZOOM = (0.7, 1.0)
_CONTRAST = 0.3
_NOISE = 0.05


class Projector(nn.Module):
    """Mean features (N, k) to what views are compared in (N, 1024)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        first, second, last = _LAYERS
        self.dense = nn.Sequential(
            nn.Linear(features, first), nn.BatchNorm1d(first), nn.ReLU(),
            nn.Linear(first, second), nn.BatchNorm1d(second), nn.ReLU(),
            nn.Linear(second, last),
        )  # fmt: skip
        glorot(self)

    def forward(self, features: Tensor) -> Tensor:
        """Return projections of feature maps (N, k, n, n)."""
        found: Tensor = self.dense(features.mean(dim=(2, 3)))
        return found


def view(picture: Tensor) -> Tensor:
    """Return a random view of each picture (N, S, S): turned half round or not, zoomed, noisy.

    Half a turn leaves the wave vectors of a pattern as they are; mirror images and other turns
    would teach the encoder to forget directions.
    """
    n, device = len(picture), picture.device
    turn = 1.0 - 2.0 * torch.randint(2, (n,), device=device)
    zoom = _ZOOM[0] + (_ZOOM[1] - _ZOOM[0]) * torch.rand(n, device=device)
    shift = (1 - zoom)[:, None] * (2 * torch.rand(n, 2, device=device) - 1)
    place = torch.zeros(n, 2, 3, device=device)
    place[:, 0, 0] = place[:, 1, 1] = turn * zoom
    place[:, :, 2] = shift
    shape = [n, 1, *picture.shape[1:]]
    grid = nn.functional.affine_grid(place, shape, align_corners=False)
    seen = nn.functional.grid_sample(picture[:, None], grid, align_corners=False)[:, 0]
    contrast = 1 + _CONTRAST * (2 * torch.rand(n, 1, 1, device=device) - 1)
    level = 0.5 + contrast * (seen - 0.5)
    return level + _NOISE * torch.randn_like(level)
