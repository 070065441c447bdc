"""Model 3 of Stein et al. 2019: dense layers draw an image for a spectrum and a latent.

The paper gives no layer sizes and no size of the latent; those here are ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model, Stage
from xmodkit.pair import Sample
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit_uvvis.models.images import each, levels, shrink, sized, small_scan
from xmodkit_uvvis.models.vae import SIZE, draw, glorot, negative_elbo

__all__ = ["CVAE_LATENT", "Cvae", "SpectrumStatistics"]

CVAE_LATENT = 16
POINTS = 220
PIXELS = 3 * SIZE * SIZE
WIDE, NARROW = 96, 64
_NOISE = 0.01  # of alpha*t, added to the condition in training
# Weight of the KL term. At 1 the latent keeps the colour, and images no longer follow the spectrum.
_BETA = 10.0
_BANDS = 22
_NOISELESS = 1e-5  # squared second difference: smoother than an instrument measures is no fault


class ConditionalEncoder(nn.Module):
    """Flat image and spectrum to the mean and log-variance of the latent."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(PIXELS + POINTS, WIDE), nn.ReLU(), nn.Linear(WIDE, NARROW), nn.ReLU()
        )
        self.mean = nn.Linear(NARROW, CVAE_LATENT)
        self.log_variance = nn.Linear(NARROW, CVAE_LATENT)

    def forward(self, image: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance (N, 16) of images (N, 3, 64, 64) with their spectra."""
        h = self.dense(torch.cat([image.flatten(1), spectrum], dim=1))
        return self.mean(h), self.log_variance(h)


class ConditionalDecoder(nn.Module):
    """Latent and spectrum to an image."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(CVAE_LATENT + POINTS, NARROW), nn.ReLU(), nn.Linear(NARROW, WIDE), nn.ReLU(),
            nn.Linear(WIDE, PIXELS),
        )  # fmt: skip

    def logits(self, latent: Tensor, spectrum: Tensor) -> Tensor:
        """Return images (N, 3, 64, 64) before the sigmoid."""
        out: Tensor = self.dense(torch.cat([latent, spectrum], dim=1))
        return out.reshape(-1, 3, SIZE, SIZE)

    def forward(self, latent: Tensor, spectrum: Tensor) -> Tensor:
        """Return images (N, 3, 64, 64) in 0..1."""
        return torch.sigmoid(self.logits(latent, spectrum))


class LatentFrame(nn.Module):
    """The frame in which latents of training rows have mean 0 and variance 1.

    Their mean drifts away from the prior's while training, and the decoder knows none but them.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(CVAE_LATENT))
        self.register_buffer("spread", torch.ones(CVAE_LATENT))

    def fit(self, mean: Tensor, log_variance: Tensor) -> None:
        """Take mean and spread of latents drawn from the posteriors of training rows (N, 16)."""
        self.mean.copy_(mean.mean(dim=0))
        variance = mean.var(dim=0, correction=0) + log_variance.exp().mean(dim=0)
        self.spread.copy_(variance.sqrt())

    def forward(self, latent: Tensor) -> Tensor:
        """Return what the decoder takes, of latents in this frame."""
        return self.mean + self.spread * latent

    def inverse(self, latent: Tensor) -> Tensor:
        """Return latents in this frame, of what the encoder gives."""
        return (latent - self.mean) / self.spread


class SpectrumStatistics(nn.Module):
    """What tells a familiar spectrum: its course in 22 bands, and how rough it is."""

    size = _BANDS + 1

    def forward(self, spectrum: Tensor) -> Tensor:
        """Return (N, 23) statistics of spectra (N, 220)."""
        bands = spectrum.reshape(-1, _BANDS, POINTS // _BANDS).mean(dim=2)
        bent = spectrum[:, 2:] - 2 * spectrum[:, 1:-1] + spectrum[:, :-2]
        rough = torch.log((bent**2).mean(dim=1, keepdim=True).clamp(min=_NOISELESS))
        return torch.cat([bands, rough], dim=1)


class Cvae(Model):
    """The published conditional autoencoder: dense layers only, the spectrum on both sides."""

    name = "cvae"
    routes = ("absorption:scan",)
    notes = (
        f"The paper publishes neither layer sizes nor the latent's; here: image {PIXELS:,} + "
        f"spectrum {POINTS} -> {WIDE} -> {NARROW} -> latent {CVAE_LATENT}; latent + spectrum -> "
        f"{NARROW} -> {WIDE} -> image, ReLU between.",
        "Training flips images at random (a drop has no up and no left) and adds noise of "
        f"{_NOISE} to the condition, which smooth made-up spectra call for.",
        f"The KL term has weight {_BETA:g}: at 1 the latent keeps the colour, and images do not "
        "follow the spectrum. Latents are given in the frame where those of training rows have "
        "mean 0 and variance 1.",
        "Scores are of images drawn from each test row's spectrum with the latent at that mean: "
        "what the spectrum alone tells.",
    )

    def __init__(self) -> None:
        self.encoder, self.decoder = ConditionalEncoder(), ConditionalDecoder()
        glorot(self.encoder)
        glorot(self.decoder)
        self.statistics = SpectrumStatistics()
        self.novelty = MahalanobisNovelty(self.statistics.size)
        self.frame = LatentFrame()
        self.networks = nn.ModuleDict(
            {
                "encoder": self.encoder,
                "decoder": self.decoder,
                "novelty": self.novelty,
                "frame": self.frame,
            }
        )
        self.stages = (Stage("cvae", ("encoder", "decoder"), epochs=100, weight_decay=1e-3),)

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the image at 64 x 64, channels first, and the spectrum."""
        return {
            "scan": shrink(sample).transpose(2, 0, 1).copy(),  # (3, 64, 64)
            "absorption": sample.arrays["absorption"]["absorption"],
        }

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar spectra look like, and where their latents lie."""
        self.novelty.fit(each(self.statistics, arrays["absorption"]))
        self.frame.fit(*each(self._posterior, arrays["scan"], arrays["absorption"]).unbind(dim=1))

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the negative conditional evidence bound of prepared rows."""
        image, spectrum = batch["scan"] / 255.0, batch["absorption"]
        training = self.encoder.training
        if training:
            image = torch.flip(image, [axis for axis in (2, 3) if torch.rand(()) < 0.5])
            spectrum = spectrum + _NOISE * torch.randn_like(spectrum)
        mean, log_variance = self.encoder(image, spectrum)
        latent = draw(mean, log_variance) if training else mean
        logits = self.decoder.logits(latent, spectrum)
        return negative_elbo(mean, log_variance, logits, image, _BETA)

    def latent(self, arrays: Mapping[str, Array]) -> Array:
        """Return the posterior means (N, 16) of prepared rows, in the graph's frame."""
        found = each(self._posterior, arrays["scan"], arrays["absorption"])  # (N, 2, 16)
        return self.frame.inverse(found[:, 0]).numpy()

    def reconstruct(self, arrays: Mapping[str, Array]) -> Array:
        """Return prepared images rebuilt with their spectra: uint8 (N, 64, 64, 3)."""
        return each(self._rebuilt, arrays["scan"], arrays["absorption"]).numpy()

    def target(self, route: str, sample: Sample) -> Arrays:
        """Return the shrunken image."""
        return small_scan(sample)

    def inputs(self, route: str, sample: Sample | None = None) -> Arrays:
        """Return a latent (16,): a sample's posterior mean, or that of all."""
        if sample is None:
            return {"latent": np.zeros(CVAE_LATENT, np.float32)}
        rows = {name: array[None] for name, array in self.prepare(sample).items()}
        return {"latent": self.latent(rows)[0]}

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return images of 64 x 64."""
        return sized(fields, SIZE)

    def graph(self, route: str) -> nn.Module:
        """Return raw spectra and one latent in; images and novelty out."""
        return _AbsorptionToScan(self)

    def _posterior(self, scan: Tensor, spectrum: Tensor) -> Tensor:
        return torch.stack(self.encoder(scan / 255.0, spectrum), dim=1)  # (N, 2, 16)

    def _rebuilt(self, scan: Tensor, spectrum: Tensor) -> Tensor:
        mean = self.encoder(scan / 255.0, spectrum)[0]
        return levels(self.decoder(mean, spectrum))


class _AbsorptionToScan(nn.Module):
    def __init__(self, model: Cvae) -> None:
        super().__init__()
        self.decoder, self.frame = model.decoder, model.frame
        self.statistics, self.novelty = model.statistics, model.novelty

    def forward(self, absorption: Tensor, latent: Tensor) -> dict[str, Tensor]:
        shared = self.frame(latent).expand(absorption.shape[0], -1)  # (N, 16)
        return {
            "scan": levels(self.decoder(shared, absorption)),
            "novelty": self.novelty(self.statistics(absorption)),
        }
