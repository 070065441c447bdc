"""Models 1 and 2 of Stein et al. 2019, then trained on together: what the shipped file holds."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from xmodkit.modality import Array
from xmodkit.model import Stage
from xmodkit_uvvis.models.vae import vae_loss
from xmodkit_uvvis.models.vae_aspm import VaeAspm

__all__ = ["JointVaeAspm"]

_LAG = 11  # energies, 90 meV: differences over it say where an edge lies


class JointVaeAspm(VaeAspm):
    """The published networks; after their own stages the encoder goes on with the spectra.

    A latent made to rebuild pixels spends itself on drop shape and lets colour go, which the
    spectrum needs. The image decoder is fitted again afterwards, because novelty needs it.
    """

    name = "vae+aspm+joint"

    def __init__(self) -> None:
        super().__init__()
        self.lag_total = torch.ones(1)
        self.stages = (
            Stage("vae", ("encoder", "decoder"), epochs=20, learning_rate=2e-3),
            Stage("aspm", ("spectrum",), epochs=20, learning_rate=2e-3),
            Stage("joint", ("encoder", "spectrum"), epochs=40, learning_rate=2e-3),
            Stage("rebuild", ("decoder",), epochs=10, learning_rate=2e-3),
            Stage("scale", ("scale",), epochs=20),
        )

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take the variances of spectra and of their differences from the training rows."""
        super().begin(stage, arrays)
        truth = torch.from_numpy(arrays["absorption"])
        self.lag_total = _differences(truth).var(dim=0) + 1e-6

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return images and spectra while the encoder learns or is rebuilt from."""
        return arrays if stage in ("joint", "rebuild") else super().rows(stage, arrays)

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar samples look like, once encoder and decoder are final."""
        if stage == "rebuild":
            self.novelty.fit(self._features(arrays["scan"]))

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of prepared rows."""
        if stage == "rebuild":
            return vae_loss(self.encoder, self.decoder, batch["scan"] / 255.0, sample=False)
        if stage != "joint":
            return super().loss(stage, batch)
        training = self.encoder.training
        image, truth = batch["scan"] / 255.0, batch["absorption"]
        if training:
            image = _flip(image)  # a drop has no up and no left
        with torch.autocast("cpu", torch.bfloat16, enabled=training):
            latent, _ = self.encoder(image.contiguous(memory_format=torch.channels_last))
            value = self.spectrum(latent)
        value = value.float()
        unexplained = ((value - truth) ** 2 / self.total).mean()
        moved = ((_differences(value) - _differences(truth)) ** 2 / self.lag_total).mean()
        loss: Tensor = unexplained + 0.5 * moved
        return loss


def _differences(spectrum: Tensor) -> Tensor:
    return spectrum[:, _LAG:] - spectrum[:, :-_LAG]


def _flip(image: Tensor) -> Tensor:
    return torch.flip(image, [axis for axis in (2, 3) if torch.rand(()) < 0.5])
