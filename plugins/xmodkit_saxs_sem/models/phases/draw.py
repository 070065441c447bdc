"""Draw images whose scattering is given: a random field of the right power becomes two phases.

Flow matching (Lipman et al., arXiv:2210.02747) from Gaussian random fields of the sample's own
power spectrum to crops of its micrographs: amplitudes are measured, phases are drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.phases.blocks import UNet
from xmodkit_saxs_sem.models.phases.fourier import PERIODIC, RandomField

__all__ = ["CONDITION", "Drawer", "aligned", "binary", "standardised"]

CONDITION = 32
_STEPS = 3
_CUT = (PERIODIC - SIZE) // 2
_HALVINGS = 16


class Drawer(nn.Module):
    """The velocity field, as the probability of the bright phase in the image it leads to."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.field = RandomField()
        self.told = nn.Sequential(nn.Linear(features, CONDITION), nn.SiLU())
        self.network = UNet(3, 1, (24, 48, 64), CONDITION + 2)

    def logits(self, image: Tensor, time: Tensor, phi: Tensor, told: Tensor) -> Tensor:
        """Return logits (N, G, G) for images (N, G, G) at times (N,), fractions (N,)."""
        flat = torch.ones_like(image)
        seen = torch.stack([image, time[:, None, None] * flat, phi[:, None, None] * flat], dim=1)
        condition = torch.cat([told, time[:, None], 10 * (phi[:, None] - 0.5)], dim=1)
        out: Tensor = self.network(seen, condition)
        return out[:, 0]

    def forward(self, power: Tensor, phi: Tensor, features: Tensor, noise: Tensor) -> Tensor:
        """Return probabilities (N, m, 96, 96) of the bright phase.

        `power` (N, 128, 128), `phi` (N, m), standardised ring `features` (N, k), `noise`
        (m, 2, 128, 128).
        """
        image = self.field(power, noise)  # (N, m, G, G)
        members = image.shape[1]
        image = image.flatten(0, 1)
        told = self.told(features)
        told = told[:, None].expand(-1, members, -1).flatten(0, 1)
        share = phi.flatten()
        bright = torch.zeros_like(image)
        for step in range(_STEPS):
            time = torch.full_like(share, step / _STEPS)
            bright = torch.sigmoid(self.logits(image, time, share, told))
            image = image + (standardised(bright, share) - image) / (_STEPS - step)
        cut = bright[:, _CUT:-_CUT, _CUT:-_CUT]
        return cut.reshape(-1, members, SIZE, SIZE)


def standardised(bright: Tensor, phi: Tensor) -> Tensor:
    """Return images (N, G, G) of 0 and 1 as of mean 0 and variance 1, given their fractions."""
    share = phi[:, None, None]
    return (bright - share) / torch.sqrt(share * (1 - share))


def binary(probability: Tensor, phi: Tensor) -> Tensor:
    """Return images (..., G, G) of 0 and 1 whose brightest places are 1, in number as phi says.

    The level is found by halving: the same plain operations in every runtime.
    """
    low, high = torch.zeros_like(phi), torch.ones_like(phi)
    for _ in range(_HALVINGS):
        level = (low + high) / 2
        more = (probability > level[..., None, None]).float().mean(dim=(-2, -1)) > phi
        low, high = torch.where(more, level, low), torch.where(more, high, level)
    return (probability > high[..., None, None]).float()


def aligned(field: Tensor, image: Tensor) -> Tensor:
    """Return random fields (N, G, G), moved and turned by half so that they fit the images best.

    Both leave a random field as likely as it was: what is coupled is what belongs together.
    """
    seen = torch.conj(torch.fft.rfft2(field))
    goal = torch.fft.rfft2(image)
    straight = torch.fft.irfft2(seen * goal, s=field.shape[1:])
    turned = torch.fft.irfft2(torch.conj(seen) * goal, s=field.shape[1:])
    best, place = torch.stack([straight, turned], dim=1).flatten(2).max(dim=2)
    found = []
    for i, one in enumerate(field):
        half = int(best[i].argmax())
        down, right = divmod(int(place[i, half]), field.shape[2])
        one = torch.roll(torch.flip(one, (0, 1)), (1, 1), (0, 1)) if half else one
        found.append(torch.roll(one, (down, right), (0, 1)))
    return torch.stack(found)
