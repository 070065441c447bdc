"""Model 1 of Stein et al. 2019 as a model of its own: reconstruction, latent and novelty."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model, Stage
from xmodkit.pair import Sample
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit.train.resize import LanczosResize
from xmodkit_uvvis.models.images import each, levels, shrink, sized, small_scan
from xmodkit_uvvis.models.novelty import RebuiltStatistics
from xmodkit_uvvis.models.vae import LATENT, SIZE, Decoder, Encoder, glorot, vae_loss

__all__ = ["PARAMETERS_NOTE", "ImageGraph", "Vae"]

PARAMETERS_NOTE = (
    "The paper prints 23,778 parameters for its VAE; the layers it describes have 23,851. The "
    "difference of 73 is one 3 x 3 filter over 8 channels with its bias: with a last layer of two "
    "filters instead of three colours the sum is exactly 23,778. Its reshape to 4 x 4 x 8 needs "
    "128 units where the dense layer has 64: 4 x 4 x 4 is used."
)


class Vae(Model):
    """The published variational autoencoder of 64 x 64 images, latent of 100."""

    name = "vae"
    routes: tuple[str, ...] = ("scan:scan", "scan:latent")
    notes = (PARAMETERS_NOTE,)
    novelty_after = "vae"  # the stage after which encoder and decoder are final

    def __init__(self) -> None:
        # Channels last is what makes small convolutions fast on a CPU (10-fold here).
        self.encoder, self.decoder = Encoder(), Decoder()
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.decoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        glorot(self.encoder)
        glorot(self.decoder)
        self.statistics = RebuiltStatistics()
        self.novelty = MahalanobisNovelty(self.statistics.size)
        self.networks = nn.ModuleDict(
            {"encoder": self.encoder, "decoder": self.decoder, "novelty": self.novelty}
        )
        # Keras's Adam; until the validation loss stops falling.
        self.stages = (
            Stage(
                "vae",
                ("encoder", "decoder"),
                epochs=300,
                optimiser="adam",
                schedule="constant",
                patience=15,
            ),
        )

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the image at 64 x 64, as the graph resizes it, channels first."""
        return {"scan": shrink(sample).transpose(2, 0, 1).copy()}  # (3, 64, 64)

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar samples look like, once the latent is trained."""
        if stage == self.novelty_after:
            self.novelty.fit(each(self._describe, arrays["scan"]))

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the negative evidence bound of prepared images."""
        image = batch["scan"] / 255.0
        return vae_loss(self.encoder, self.decoder, image, sample=self.encoder.training)

    def reconstruct(self, arrays: Mapping[str, Array]) -> Array:
        """Return prepared images as the decoder rebuilds them: uint8 (N, 64, 64, 3)."""
        return each(lambda scan: levels(self.decoder(self._latent(scan))), arrays["scan"]).numpy()

    def target(self, route: str, sample: Sample) -> Arrays:
        """Return the shrunken image for a reconstruction; a latent has no truth."""
        return small_scan(sample) if route == "scan:scan" else super().target(route, sample)

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return the fields with this model's extents: images of 64 x 64, a latent of 100."""
        sizes = {"scan:scan": SIZE, "scan:latent": LATENT}
        return sized(fields, sizes[route]) if route in sizes else fields

    def graph(self, route: str) -> nn.Module:
        """Return raw images in; what the route predicts, novelty and latent out."""
        if route == "scan:scan":
            return _ScanToScan(self)
        if route == "scan:latent":
            return ImageGraph(self)
        raise UsageError(f"route {route}: {self.name} offers {', '.join(self.routes)}")

    def _latent(self, scan: Tensor) -> Tensor:
        mean: Tensor = self.encoder(scan / 255.0)[0]
        return mean

    def _describe(self, scan: Tensor) -> Tensor:
        out: Tensor = self.statistics(scan / 255.0, self.decoder(self._latent(scan)))
        return out


class ImageGraph(nn.Module):
    """What every route from images shares: their latent and their novelty."""

    def __init__(self, model: Vae) -> None:
        super().__init__()
        self.resize = LanczosResize(SIZE)
        self.encoder, self.decoder = model.encoder, model.decoder
        self.statistics, self.novelty = model.statistics, model.novelty

    def forward(self, scan: Tensor) -> dict[str, Tensor]:
        """Return latent (N, 100) and novelty (N,) of raw images, uint8 (N, y, x, 3)."""
        return self.look(scan)[0]

    def look(self, scan: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return latent and novelty, and beside them the reconstruction (N, 3, 64, 64)."""
        image = self.resize(scan) / 255.0  # (N, 3, 64, 64)
        latent, _ = self.encoder(image)  # (N, 100)
        rebuilt = self.decoder(latent)  # (N, 3, 64, 64)
        novelty = self.novelty(self.statistics(image, rebuilt))  # (N,)
        return {"latent": latent, "novelty": novelty}, rebuilt


class _ScanToScan(ImageGraph):
    def forward(self, scan: Tensor) -> dict[str, Tensor]:
        found, rebuilt = self.look(scan)
        return {"scan": levels(rebuilt), **found}
