"""PairVAE: two variational autoencoders whose latents are trained to be alike.

Source: Lu & Jayaraman, JACS Au 3, 2510 (2023), doi:10.1021/jacsau.3c00275. Networks, losses and
their weights, batches and the two-part schedule are the published ones; `notes` says what is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Field
from xmodkit.model import Model, Stage
from xmodkit.pair import Options, Route, Sample
from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.binarise import OFFSET, WINDOW, Binarise, binary_field
from xmodkit_saxs_sem.models.grid import FrameToGrid, gridded, scaled
from xmodkit_saxs_sem.models.pairvae.barlow import Projector, view
from xmodkit_saxs_sem.models.pairvae.crops import CropFeatures, common_corner, crop_at, crop_each
from xmodkit_saxs_sem.models.pairvae.decoders import SaxsDecoder, SemDecoder
from xmodkit_saxs_sem.models.pairvae.encoder import CHANNELS, Encoder
from xmodkit_saxs_sem.models.pairvae.fields import FineBinarise
from xmodkit_saxs_sem.models.pairvae.frame import TrainingRows
from xmodkit_saxs_sem.models.pairvae.graphs import GRAPHS, Parts, as_channels
from xmodkit_saxs_sem.models.pairvae.losses import (
    SIMILARITIES,
    PairLosses,
    binary_nll,
    divergence,
    picture_error,
)
from xmodkit_saxs_sem.models.pairvae.resnet import STRIDE, ResNet50
from xmodkit_saxs_sem.models.truths import (
    SEED_FIELDS,
    predicted_fields,
    seeds_of,
    tolerances,
    truth,
)
from xmodkit_saxs_sem.options.training import pairvae_shape, threshold_shape

__all__ = ["PairVae"]

_KL_WEIGHT = 1e-6
_BATCH = 8
_PAIR_EPOCHS, _RANDOM_EPOCHS = 1100, 101  # the crop's corner moves in the first of them
_AT_ONCE = 64  # pictures that the frozen encoder sees at a time
_NEVER = 1e9  # a norm at which no gradient is clipped
_CORNER = 2023  # of the random numbers behind corners


class PairVae(Model):
    """The published PairVAE.

    `size` is the extent of pictures and crops: 192 as published (pixels of 2 nm), or 96 (4 nm).
    `encoder_width` 64 is ResNet50. `z` says whether latents are drawn when predicting, as
    published, or means. `similarity` compares latents in pair training, `pretraining` views in
    the encoder's own; `window` (15 or 25) and `offset` are those of the adaptive threshold.
    """

    name = "pairvae"
    routes = ("saxs:sem", "sem:saxs", "saxs:saxs", "sem:sem")

    def __init__(
        self,
        size: Literal[96, 192] = 96,
        encoder_width: int = 64,
        z: Literal["sample", "mean"] = "sample",
        similarity: Literal["barlow", "simclr"] = "barlow",
        pretraining: Literal["barlow", "simclr"] = "barlow",
        window: int = WINDOW,
        offset: int = OFFSET,
    ) -> None:
        if size not in (SIZE, 2 * SIZE):
            raise UsageError(f"pairvae: size {size} given, {SIZE} or {2 * SIZE} expected")
        self.size, self.z = size, z
        self.similarity, self.pretraining = SIMILARITIES[similarity], SIMILARITIES[pretraining]
        self.window, self.offset = window, offset
        self.grid = FrameToGrid(size)
        self.resnet = ResNet50(encoder_width)
        features, extent = self.resnet.channels, size // STRIDE
        self.encoders = nn.ModuleDict({name: Encoder(features) for name in ("saxs", "sem")})
        self.saxs_decoder, self.sem_decoder = SaxsDecoder(), SemDecoder()
        self.projector = Projector(features)
        self.known = TrainingRows(features, (CHANNELS, extent, extent), size)
        self.networks = nn.ModuleDict(
            {
                "resnet": self.resnet,
                "projector": self.projector,
                "saxs_encoder": self.encoders["saxs"],
                "saxs_decoder": self.saxs_decoder,
                "sem_encoder": self.encoders["sem"],
                "sem_decoder": self.sem_decoder,
                "known": self.known,
            }
        )
        saxs, sem = ("saxs_encoder", "saxs_decoder"), ("sem_encoder", "sem_decoder")
        self.stages = (
            _stage("pretraining", ("resnet", "projector"), 200),
            _stage("solo_saxs", saxs, 500),
            _stage("solo_sem", sem, 1000),
            _stage("pair", (*saxs, *sem), _PAIR_EPOCHS),
        )
        self.notes = _notes(size, encoder_width, z, similarity, pretraining, window, offset)
        self.losses = PairLosses(self.similarity)
        self.crops = CropFeatures(self.features)
        self._corner_seed = 0
        self._counted = 0

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return the extents, the similarity and the threshold, where they are given."""
        return pairvae_shape(options) | threshold_shape(options)

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the frame on the grid in 0..1, what of it was measured, and the binary field."""
        found = gridded(sample, self.grid)
        image = sample.arrays["sem"]
        field = binary_field(image["micrograph"], float(image["pixel_nm"]), self._binarise())
        return {
            "saxs": (scaled(found.log) * found.valid)[0].numpy(),
            "valid": found.valid[0].to(torch.uint8).numpy(),
            "field": field,
        }

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return prepared rows with their number and the frozen features of their frames."""
        if stage not in ("solo_saxs", "pair"):
            return {name: arrays[name] for name in _NEEDED[stage]}
        n = len(arrays["saxs"])
        number = self._counted + np.arange(n)
        self._counted += n
        features = self.features(torch.from_numpy(arrays["saxs"])).numpy()
        more = {"number": number, "features": features}
        return {name: arrays[name] for name in _NEEDED[stage]} | more

    def start_epoch(self, stage: str, epoch: int) -> None:
        """Move the crops' corner, the same for all rows, in the first part of pair training."""
        epochs = next(s.epochs for s in self.stages if s.name == stage)
        moving = max(1, round(epochs * _RANDOM_EPOCHS / _PAIR_EPOCHS))
        self._corner_seed = min(epoch, moving)

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a batch of `rows` in a stage."""
        batch = {name: values.to(self._device) for name, values in batch.items()}
        if stage == "pretraining":
            return self._views_apart(batch)
        if stage == "solo_saxs":
            posterior = self.encoders["saxs"](batch["features"])
            latent = posterior.draw()
            error = picture_error(self.saxs_decoder(latent), batch["saxs"], batch["valid"])
            return error + _KL_WEIGHT * divergence(posterior, latent)
        if stage == "solo_sem":
            crops = crop_each(batch["field"], self.size)
            posterior = self.encoders["sem"](self.features(crops))
            latent = posterior.draw()
            nll = binary_nll(self.sem_decoder(latent), crops)
            return nll + _KL_WEIGHT * divergence(posterior, latent)
        return self._pair_loss(batch)

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Keep what the graphs know of the training rows."""
        saxs = self.features(torch.from_numpy(arrays["saxs"]))
        fields = torch.from_numpy(arrays["field"])
        sem = self.features(crop_at(fields, self._corner(fields), self.size))
        with torch.no_grad():
            posterior = self.encoders["saxs"](saxs)
        variance = posterior.mean.var(dim=0, correction=0)
        if self.z == "sample":
            variance = variance + posterior.scale.square().mean(dim=0)
        self.known.deviation.copy_(variance.sqrt())
        self.known.saxs.fit(saxs)
        self.known.sem.fit(sem)
        self.known.seen.copy_(torch.from_numpy(arrays["valid"].max(axis=0)).float())

    def target(self, route: str, sample: Sample) -> Mapping[str, Array]:
        """Return the frame on the model grid, or a crop of the binary micrograph."""
        binarise = Binarise(self.window, self.offset)
        return truth(route, sample, FrameToGrid(), binarise)

    def inputs(self, route: str, sample: Sample | None = None) -> Mapping[str, Array]:
        """Return the ensemble's seeds and spread: 40 members, of a sample some of its own."""
        return seeds_of(route, sample)

    def input_fields(self, route: str) -> tuple[Field, ...]:
        """Describe seeds and spread: as many members as there are seeds."""
        return SEED_FIELDS if route == "saxs:sem" else ()

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return the target's fields at 96 x 96, and the model's further ones."""
        return predicted_fields(route, fields)

    def tolerances(self, route: str) -> Mapping[str, float]:
        """Return more than the default where pixels are decided one by one."""
        return tolerances(route)

    def graph(self, route: str) -> nn.Module:
        """Return a route's module: frames (and phi, which is not used) or micrographs in."""
        parts = Parts(
            self.resnet, self.encoders, self.saxs_decoder, self.sem_decoder, self.known,
            self._binarise(), self.size, self.z == "sample",
        )  # fmt: skip
        return GRAPHS[route](parts)

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """Return what the frozen encoder makes of pictures (N, S, S): (N, k, S/32, S/32)."""
        parts = pictures.float().to(self._device).chunk(-(-len(pictures) // _AT_ONCE))
        return torch.cat([self.resnet(as_channels(some)) for some in parts])

    def _binarise(self) -> Binarise:
        kind = Binarise if self.size == SIZE else FineBinarise
        return kind(self.window, self.offset)

    @property
    def _device(self) -> torch.device:
        return next(self.resnet.parameters()).device

    def _views_apart(self, batch: Mapping[str, Tensor]) -> Tensor:
        crops = crop_each(batch["field"], self.size)
        pictures = torch.cat([batch["saxs"], crops, batch["saxs"], crops])
        projected: Tensor = self.projector(self.resnet(as_channels(view(pictures))))
        if len(crops) == 1:  # a single row has nothing to differ from
            return projected.sum().mul(0)
        saxs, sem, other_saxs, other_sem = projected.chunk(4)
        return self.pretraining(saxs, other_saxs) + self.pretraining(sem, other_sem)

    def _pair_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        corner = self._corner(batch["field"])
        crops = crop_at(batch["field"], corner, self.size)
        sem_features = self.crops.at(corner, batch["number"], crops)
        saxs = self.encoders["saxs"](batch["features"]).draw()
        sem = self.encoders["sem"](sem_features).draw()
        return self.losses(
            latents=(saxs, sem),
            pictures=(self.saxs_decoder(saxs), self.saxs_decoder(sem)),
            logits=(self.sem_decoder(saxs), self.sem_decoder(sem)),
            truths=(batch["saxs"], batch["valid"], crops),
        )

    def _corner(self, fields: Tensor) -> tuple[int, int]:
        """Return the epoch's corner; it follows from the training's seed and the epoch alone."""
        room = (fields.shape[1] - self.size + 1, fields.shape[2] - self.size + 1)
        seed = torch.initial_seed() % 2**32
        return common_corner(room, _CORNER, seed, self._corner_seed)


_NEEDED = {
    "pretraining": ("saxs", "field"),
    "solo_saxs": ("saxs", "valid"),
    "solo_sem": ("field",),
    "pair": ("saxs", "valid", "field"),
}


def _stage(name: str, networks: tuple[str, ...], epochs: int) -> Stage:
    return Stage(
        name, networks, epochs, learning_rate=1e-3, batch_size=_BATCH, optimiser="adam",
        schedule="constant", clip=_NEVER, keep="last",
    )  # fmt: skip


def _notes(
    size: int, width: int, z: str, similarity: str, pretraining: str, window: int, offset: int
) -> tuple[str, ...]:
    narrower = "" if width == 64 else f" of width {width} (published: 64)"
    return (
        f"PairVAE as published at {size} x {size} pixels (published: 192), with these differences.",
        f"The frozen ResNet50{narrower} is pre-trained here ({pretraining}, on the training "
        "pictures of both kinds) in place of the authors' private weights, trained on other "
        "micrographs.",
        "Scattering is log10 intensity on a q grid, folded by Friedel's law and scaled to 0..1, "
        "in three equal channels; the published pictures are false-colour photographs. Pixels "
        "that were not measured are 0 and do not count in the loss.",
        f"Adaptive threshold: window {window}, offset {offset}. Latents in predictions: {z} "
        f"(published: sample). Latents are compared by {similarity}.",
        "A last batch of fewer than 8 rows is used, not dropped. The area fraction phi is "
        "accepted and not used.",
    )
