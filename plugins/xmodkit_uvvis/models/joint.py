"""Models 1 and 2 of Stein et al. 2019, trained together: what the shipped file holds."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from xmodkit.modality import Array
from xmodkit.model import Stage
from xmodkit_uvvis.models.edges import EdgeLoss
from xmodkit_uvvis.models.vae import draw, negative_elbo
from xmodkit_uvvis.models.vae_aspm import VaeAspm

__all__ = ["JointVaeAspm"]

_IMAGE = 3 / 12_288  # weight of the image, in nats per value of it


class JointVaeAspm(VaeAspm):
    """The published networks, image and spectrum decoded from one latent from the start.

    A latent made to rebuild pixels alone spends itself on the drop's outline and lets colour go,
    which the spectrum needs.
    """

    name = "vae+aspm+joint"
    novelty_after = "joint"

    def __init__(self) -> None:
        super().__init__()
        self.stages = (
            Stage("joint", ("encoder", "decoder", "spectrum"), epochs=40, learning_rate=2e-3),
            Stage("scale", ("scale",), epochs=15),
        )

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take the variances of spectra and of their differences from the training rows."""
        super().begin(stage, arrays)
        self.spectrum_loss = EdgeLoss(arrays["absorption"])

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return images and spectra while the encoder learns, latents afterwards."""
        return arrays if stage == "joint" else super().rows(stage, arrays)

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of prepared rows."""
        if stage != "joint":
            return super().loss(stage, batch)
        training = self.encoder.training
        image, truth = batch["scan"] / 255.0, batch["absorption"]
        if training:
            image = _flip(image)  # a drop has no up and no left
        with torch.autocast("cpu", torch.bfloat16, enabled=training):
            mean, log_variance = self.encoder(image.contiguous(memory_format=torch.channels_last))
            value = self.spectrum(mean)
            logits = self.decoder.logits(draw(mean, log_variance) if training else mean)
        rebuilt = negative_elbo(mean, log_variance, logits, image)
        return self.spectrum_loss(value.float(), truth) + _IMAGE * rebuilt


def _flip(image: Tensor) -> Tensor:
    return torch.flip(image, [axis for axis in (2, 3) if torch.rand(()) < 0.5])
