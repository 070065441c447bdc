"""Models 1 and 2 of Stein et al. 2019 as one route, with novelty and a scale for the bounds."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xmodkit.modality import Array
from xmodkit.model import Stage
from xmodkit.pair import Sample
from xmodkit_uvvis.models.aspm import ScaleHead, SpectrumDecoder, aspm_loss, scale_loss
from xmodkit_uvvis.models.autoencoder import ImageGraph, Vae
from xmodkit_uvvis.models.images import each

__all__ = ["VaeAspm"]


class VaeAspm(Vae):
    """The published VAE, then the spectrum decoder on frozen latents, then the bounds' scale."""

    name = "vae+aspm"
    routes = ("scan:absorption", "scan:scan", "scan:latent")

    def __init__(self) -> None:
        super().__init__()
        self.spectrum, self.scale = SpectrumDecoder(), ScaleHead()
        self.total = torch.ones(220)
        self.networks["spectrum"], self.networks["scale"] = self.spectrum, self.scale
        self.stages = (
            *self.stages,
            Stage(
                "aspm",
                ("spectrum",),
                epochs=300,
                optimiser="adam",
                schedule="constant",
                patience=25,
            ),
            Stage("scale", ("scale",), epochs=20),
        )

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the image at 64 x 64, as the graph resizes it, and the spectrum."""
        return {**super().prepare(sample), "absorption": sample.arrays["absorption"]["absorption"]}

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take each energy's variance from the training rows."""
        self.total = torch.from_numpy(arrays["absorption"].var(axis=0)) + 1e-6

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return images for the VAE; for the rest latents, which no longer change."""
        if stage == "vae":
            return {"scan": arrays["scan"]}
        latent = each(self._latent, arrays["scan"])
        return {"latent": latent.numpy(), "absorption": arrays["absorption"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of prepared rows."""
        if stage == "vae":
            return super().loss(stage, batch)
        latent, truth = batch["latent"], batch["absorption"]
        if stage == "aspm":
            # Half precision trains more than twice as fast here; the loss stays in single.
            with torch.autocast("cpu", torch.bfloat16, enabled=self.spectrum.training):
                value = self.spectrum(latent)
            return aspm_loss(value.float(), truth, self.total)
        with torch.no_grad():
            value = self.spectrum(latent)
        return scale_loss(self.scale(latent, value), value, truth)

    def graph(self, route: str) -> nn.Module:
        """Return raw images in; spectrum, its scale, novelty and latent out."""
        return _ScanToAbsorption(self) if route == "scan:absorption" else super().graph(route)


class _ScanToAbsorption(ImageGraph):
    def __init__(self, model: VaeAspm) -> None:
        super().__init__(model)
        self.spectrum, self.scale = model.spectrum, model.scale

    def forward(self, scan: Tensor) -> dict[str, Tensor]:
        found = super().forward(scan)
        absorption = self.spectrum(found["latent"])  # (N, 220)
        scale = self.scale(found["latent"], absorption)
        return {"absorption": absorption, "absorption_scale": scale, **found}
