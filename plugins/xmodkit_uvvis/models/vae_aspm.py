"""Models 1 and 2 of Stein et al. 2019 as one route, with novelty and a scale for the bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from xmodkit.modality import Array
from xmodkit.model import Model, Stage
from xmodkit.pair import Sample
from xmodkit.train.resize import LanczosResize
from xmodkit_uvvis.models.aspm import ScaleHead, SpectrumDecoder, aspm_loss
from xmodkit_uvvis.models.novelty import ImageStatistics, MahalanobisNovelty
from xmodkit_uvvis.models.vae import SIZE, Decoder, Encoder, glorot, vae_loss

__all__ = ["VaeAspm"]

_CHUNK = 512


class VaeAspm(Model):
    """The published VAE, then the spectrum decoder on frozen latents, then the bounds' scale."""

    name = "vae+aspm"
    routes = ("scan:absorption",)
    novelty_after = "vae"  # the stage after which encoder and decoder are final

    def __init__(self) -> None:
        # Channels last is what makes small convolutions fast on a CPU (10-fold here).
        self.encoder, self.decoder = Encoder(), Decoder()
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.decoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        glorot(self.encoder)
        glorot(self.decoder)
        self.spectrum, self.scale = SpectrumDecoder(), ScaleHead()
        self.statistics = ImageStatistics()
        self.novelty = MahalanobisNovelty(self.statistics.size)
        self.total = torch.ones(220)
        self.networks = nn.ModuleDict(
            {
                "encoder": self.encoder,
                "decoder": self.decoder,
                "spectrum": self.spectrum,
                "scale": self.scale,
                "novelty": self.novelty,
            }
        )
        self.stages = (
            Stage("vae", ("encoder", "decoder"), epochs=60, learning_rate=2e-3),
            Stage("aspm", ("spectrum",), epochs=80, learning_rate=2e-3),
            Stage("scale", ("scale",), epochs=20),
        )

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the image at 64 x 64, as the graph resizes it, and the spectrum."""
        image = Image.fromarray(sample.arrays["scan"]["scan"])
        small = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        return {
            "scan": np.asarray(small).transpose(2, 0, 1).copy(),  # (3, 64, 64)
            "absorption": sample.arrays["absorption"]["absorption"],
        }

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take each energy's variance from the training rows."""
        self.total = torch.from_numpy(arrays["absorption"].var(axis=0)) + 1e-6

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar samples look like, once the latent is trained."""
        if stage == self.novelty_after:
            self.novelty.fit(self._each(arrays["scan"], self._describe))

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return images for the VAE; for the rest latents, which no longer change."""
        if stage == "vae":
            return {"scan": arrays["scan"]}
        latent = self._each(arrays["scan"], self._latent)
        return {"latent": latent.numpy(), "absorption": arrays["absorption"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of prepared rows."""
        if stage == "vae":
            image = batch["scan"] / 255.0
            return vae_loss(self.encoder, self.decoder, image, sample=self.encoder.training)
        latent, truth = batch["latent"], batch["absorption"]
        if stage == "aspm":
            return aspm_loss(self.spectrum(latent), truth, self.total)
        with torch.no_grad():
            value = self.spectrum(latent)
        scale = self.scale(latent, value)
        # Laplace likelihood: its best scale is the expected absolute error.
        loss: Tensor = (scale.log() + (value - truth).abs() / scale).mean()
        return loss

    def graph(self, route: str) -> nn.Module:
        """Return raw images in; spectrum, its scale, novelty and latent out."""
        return _ScanToAbsorption(self)

    @torch.no_grad()
    def _each(self, images: Array, compute: Callable[[Tensor], Tensor]) -> Tensor:
        """Return what `compute` says of all images, a chunk at a time."""
        chunks = range(0, len(images), _CHUNK)
        return torch.cat(
            [compute(torch.from_numpy(images[i : i + _CHUNK]) / 255.0) for i in chunks]
        )

    def _latent(self, image: Tensor) -> Tensor:
        mean: Tensor = self.encoder(image)[0]
        return mean

    def _describe(self, image: Tensor) -> Tensor:
        out: Tensor = self.statistics(image, self.decoder(self._latent(image)))
        return out


class _ScanToAbsorption(nn.Module):
    def __init__(self, model: VaeAspm) -> None:
        super().__init__()
        self.resize = LanczosResize(SIZE)
        self.encoder, self.decoder = model.encoder, model.decoder
        self.spectrum, self.scale = model.spectrum, model.scale
        self.statistics, self.novelty = model.statistics, model.novelty

    def forward(self, scan: Tensor) -> dict[str, Tensor]:
        image = self.resize(scan) / 255.0  # (N, 3, 64, 64)
        latent, _ = self.encoder(image)  # (N, 100)
        absorption = self.spectrum(latent)  # (N, 220)
        return {
            "absorption": absorption,
            "absorption_scale": self.scale(latent, absorption),
            "novelty": self.novelty(self.statistics(image, self.decoder(latent))),
            "latent": latent,
        }
