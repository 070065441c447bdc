"""Our own model: the optical density of a drop, read by an ensemble of small networks."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xmodkit.modality import Array
from xmodkit.model import Model, Stage
from xmodkit.pair import Sample
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit.train.resize import LanczosResize
from xmodkit_uvvis.models.aspm import POINTS, ScaleHead, scale_loss
from xmodkit_uvvis.models.edges import EdgeLoss
from xmodkit_uvvis.models.images import each, shrink
from xmodkit_uvvis.models.novelty import ImageStatistics
from xmodkit_uvvis.models.optical import OpticalDensity
from xmodkit_uvvis.models.readers import Readers, Standardise, mean_and_spread
from xmodkit_uvvis.models.vae import SIZE

__all__ = ["Density"]


class Density(Model):
    """Optical density, then an ensemble of readers, then the scale of its bounds.

    What a scanner does to all colours alike is taken out by physics before anything is learned.
    """

    name = "density"
    routes = ("scan:absorption",)

    def __init__(self) -> None:
        size = OpticalDensity.size
        self.optical, self.statistics = OpticalDensity(), ImageStatistics()
        self.profile, self.readers = Standardise(size), Readers(size)
        self.scale = ScaleHead(size + POINTS)
        self.novelty = MahalanobisNovelty(ImageStatistics.size)
        self.networks = nn.ModuleDict(
            {
                "profile": self.profile,
                "readers": self.readers,
                "scale": self.scale,
                "novelty": self.novelty,
            }
        )
        self.stages = (
            Stage("readers", ("readers",), 40, learning_rate=2e-3, weight_decay=1e-2),
            Stage("scale", ("scale",), 20),
        )

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the image at 64 x 64, as the graph resizes it, channels first; the spectrum."""
        return {
            "scan": shrink(sample).transpose(2, 0, 1).copy(),  # (3, 64, 64)
            "absorption": sample.arrays["absorption"]["absorption"],
        }

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take means, spreads and variances from the training rows."""
        self.readers_loss = EdgeLoss(arrays["absorption"])
        if stage == "readers":
            self.profile.fit(each(lambda scan: self.optical(scan)[0], arrays["scan"]))
            self.readers.spectra.fit(torch.from_numpy(arrays["absorption"]))

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar samples look like."""
        if stage == "readers":
            self.novelty.fit(each(self._describe, arrays["scan"]))

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return profiles and maps while readers learn; afterwards what they read, too."""
        scan = arrays["scan"]
        profile = each(lambda some: self.profile(self.optical(some)[0]), scan)
        density = each(lambda some: self.optical(some)[1], scan)
        rows = {"profile": profile.numpy(), "absorption": arrays["absorption"]}
        if stage == "readers":
            return {**rows, "density": density.numpy()}
        read = each(lambda *some: torch.cat(mean_and_spread(self.readers(*some)), dim=1),
                    profile.numpy(), density.numpy())  # fmt: skip
        return {**rows, "read": read.numpy()}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of prepared rows."""
        profile, truth = batch["profile"], batch["absorption"]
        if stage == "readers":
            # Half precision trains faster; every member learns by itself, the mean is judged.
            with torch.autocast("cpu", torch.bfloat16, enabled=self.readers.training):
                members = self.readers(profile, batch["density"])
            value = members.float() if self.readers.training else members.mean(dim=0)
            return self.readers_loss(value, truth)
        value, spread = batch["read"][:, :POINTS], batch["read"][:, POINTS:]
        return scale_loss(self.scale(torch.cat([profile, spread], dim=1), value), value, truth)

    def graph(self, route: str) -> nn.Module:
        """Return raw images in; spectrum, its scale, novelty and, as latent, ring means out."""
        return _ScanToAbsorption(self)

    def _describe(self, scan: Tensor) -> Tensor:
        out: Tensor = self.statistics(scan / 255.0)
        return out


class _ScanToAbsorption(nn.Module):
    def __init__(self, model: Density) -> None:
        super().__init__()
        self.resize = LanczosResize(SIZE)
        self.optical, self.statistics = model.optical, model.statistics
        self.profile, self.readers = model.profile, model.readers
        self.scale, self.novelty = model.scale, model.novelty

    def forward(self, scan: Tensor) -> dict[str, Tensor]:
        level = self.resize(scan)  # (N, 3, 64, 64) in 0..255
        raw, density = self.optical(level)  # (N, 135), (N, 3, 32, 32)
        profile = self.profile(raw)
        absorption, spread = mean_and_spread(self.readers(profile, density))  # (N, 220) each
        return {
            "absorption": absorption,
            "absorption_scale": self.scale(torch.cat([profile, spread], dim=1), absorption),
            "novelty": self.novelty(self.statistics(level / 255.0)),
            "latent": raw[:, : OpticalDensity.means],
        }
