"""The full emulator: all features to the spectrum, without a bottleneck."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from xmodkit.model import Stage
from xmodkit_xes.models.blocks import Mlp
from xmodkit_xes.models.curves import CurveModel
from xmodkit_xes.models.search import unexplained

__all__ = ["Emulator"]

_HIDDEN = (256, 256, 256)
_MEMBERS = 4


class Emulator(CurveModel):
    """An ensemble of MLPs side by side, whose mean is the prediction.

    What the graph gives as latent are the predicted spectrum's principal components.
    """

    name = "emulator"
    learned = Stage("emulator", ("emulator",), 200, batch_size=64, weight_decay=1e-2)

    def __init__(self, **shape: Any) -> None:
        super().__init__(**shape)
        sizes = (self.descriptor.size, *_HIDDEN, len(self.targets.loadings))
        self.emulator = Mlp(sizes, _MEMBERS)
        self.networks["emulator"] = self.emulator

    def learned_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what each member leaves unexplained while they learn; else what the mean does."""
        members = self.emulator(x)  # (members, N, components)
        if not self.emulator.training:
            members = members.mean(dim=0, keepdim=True)
        return unexplained(members, y).sum()

    def encoder_module(self) -> nn.Module:
        """Return the whole emulator: its mean is what nothing more needs to be done to."""
        return _Mean(self.emulator)

    def decoder_module(self) -> nn.Module:
        """Return the identity."""
        return nn.Identity()


class _Mean(nn.Module):
    def __init__(self, members: Mlp) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        mean: Tensor = self.members(x).mean(dim=0)
        return mean
