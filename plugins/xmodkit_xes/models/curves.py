"""What all models here share: a cluster's descriptor in, one spectrum with its scale out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.errors import DataError, UsageError
from xmodkit.modality import Array
from xmodkit.model import Model, Stage
from xmodkit.pair import Options, Route, Sample
from xmodkit_xes.models.coulomb import CoulombMatrix
from xmodkit_xes.models.frames import FeatureFrame, Scaling, TargetFrame
from xmodkit_xes.models.heads import Novelty, ScaleHead, scale_loss
from xmodkit_xes.models.internal import InternalCoordinates
from xmodkit_xes.models.symmetry import SymmetryFunctions

__all__ = ["DESCRIPTORS", "CurveModel"]

Descriptor = InternalCoordinates | CoulombMatrix | SymmetryFunctions

DESCRIPTORS: Mapping[str, type[Descriptor]] = {
    "internal": InternalCoordinates,
    "coulomb": CoulombMatrix,
    "symmetry": SymmetryFunctions,
}
_COMPONENTS = 48  # of the targets, at most
_BATCH = 128


class CurveModel(Model):
    """A descriptor in the graph, then a network, for one kind of spectrum and of absorber.

    `scaling` is that of the spectra: one scale for all channels, as published, or each its own.
    """

    learned: Stage  # the first stage, in which all but the scale is learned
    route_names: tuple[str, ...] = ("structure:{}",)

    def __init__(
        self,
        spectrum: str,
        energies: Sequence[float],
        absorber: str,
        descriptor: str,
        scaling: Scaling = "global",
    ) -> None:
        if descriptor not in DESCRIPTORS:
            known = ", ".join(DESCRIPTORS)
            raise UsageError(f"descriptor {descriptor!r} given, one of {known} expected")
        self.spectrum, self.energies = spectrum, tuple(energies)
        self.routes = tuple(name.format(spectrum) for name in self.route_names)
        self.condition = {"absorber": absorber}
        points = len(self.energies)
        self.descriptor = DESCRIPTORS[descriptor]()
        size = self.descriptor.size
        self.features = FeatureFrame(size, self.descriptor.clip)
        self.targets = TargetFrame(points, min(points, _COMPONENTS), scaling)
        self.scale, self.novelty = ScaleHead(size, points), Novelty(size)
        self.networks = nn.ModuleDict(
            {
                "descriptor": self.descriptor,
                "features": self.features,
                "targets": self.targets,
                "novelty": self.novelty,
                "scale": self.scale,
            }
        )
        self.stages = (self.learned, Stage("scale", ("scale",), 20))

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return kind and energies of the spectra, the absorber, and the descriptor.

        Unless `--descriptor` names one: internal coordinates of three atoms, else symmetry
        functions. Raise `DataError` if the sample does not say at which energies it is.
        """
        spectrum = route.target
        energies = sample.coordinates.get(f"{spectrum}_energy")
        if energies is None:
            raise DataError(f"sample {sample.id} has no energies of its {spectrum}; ingest it anew")
        small = len(sample.arrays["structure"]["numbers"]) == 3
        return {
            "spectrum": spectrum,
            "energies": [float(energy) for energy in energies],
            "absorber": str(sample.metadata.get("absorber", "")),
            "descriptor": options.get("descriptor") or ("internal" if small else "symmetry"),
        }

    @abstractmethod
    def encoder_module(self) -> nn.Module:
        """Return what makes latents (N, k) of standardised features (N, n), as in the graph."""

    @abstractmethod
    def decoder_module(self) -> nn.Module:
        """Return what makes the targets' components (N, components) of latents (N, k)."""

    def finish(self, x: Tensor, y: Tensor) -> None:
        """Settle what the first stage has learned, given its training rows."""

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the atoms around the absorber that the descriptor looks at, and the spectrum.

        Raise `DataError` unless the sample has one absorber.
        """
        numbers, positions = self._cluster(sample)
        return {
            "numbers": numbers,
            "positions": positions,
            self.spectrum: sample.arrays[self.spectrum][self.spectrum],
        }

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take means and scales from the training rows."""
        if stage == self.learned.name:
            self.descriptor.fit(torch.from_numpy(arrays["numbers"]))
            raw = self._described(arrays)
            self.features.fit(raw)
            self.novelty.fit(raw)
            self.targets.fit(torch.from_numpy(arrays[self.spectrum]))
        else:
            self.scale.fit(self._errors(arrays))

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return standardised features with the targets' components, or with errors."""
        x = self.features(self._described(arrays)).numpy()
        if stage == self.learned.name:
            return {"x": x, "y": self.targets(torch.from_numpy(arrays[self.spectrum])).numpy()}
        return {"x": x, "error": self._errors(arrays).numpy()}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the stage's loss of its rows."""
        if stage == self.learned.name:
            return self.learned_loss(batch["x"], batch["y"])
        return scale_loss(self.scale(batch["x"]), batch["error"])

    @abstractmethod
    def learned_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss of the first stage, of features (N, n) and target components."""

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Settle what a stage has learned."""
        if stage == self.learned.name:
            rows = self.rows(stage, arrays)
            self.finish(torch.from_numpy(rows["x"]), torch.from_numpy(rows["y"]))

    def graph(self, route: str) -> nn.Module:
        """Return clusters in; spectrum, its scale, novelty and latent out."""
        if route not in self.routes:
            raise UsageError(f"route {route}: {self.name} offers {', '.join(self.routes)}")
        return _StructureToSpectrum(self)

    @torch.no_grad()
    def standardised(self, samples: Sequence[Sample]) -> Tensor:
        """Return the standardised features (N, n) of samples."""
        prepared = [self.prepare(sample) for sample in samples]
        arrays = {name: np.stack([row[name] for row in prepared]) for name in prepared[0]}
        x: Tensor = self.features(self._described(arrays))
        return x

    def _cluster(self, sample: Sample) -> tuple[Array, Array]:
        from xmodkit_xes.reading.clusters import clusters

        found = clusters(sample.arrays["structure"])
        if len(found) != 1:
            raise DataError(
                f"sample {sample.id} has {len(found)} absorbers, 1 expected; store each site as a "
                "sample of its own"
            )
        most = self.descriptor.most
        numbers, positions = np.zeros(most, np.int32), np.zeros((most, 3), np.float32)
        count = min(len(found[0]["numbers"]), most)
        numbers[:count] = found[0]["numbers"][:count]
        positions[:count] = found[0]["positions"][:count]
        return numbers, positions

    @torch.no_grad()
    def _described(self, arrays: Mapping[str, Array]) -> Tensor:
        """Return the descriptors (N, n) of prepared rows."""
        atoms = max(int((arrays["numbers"] > 0).sum(axis=1).max()), 2)  # no more padding than that
        starts = range(0, len(arrays["numbers"]), _BATCH)
        return torch.cat([
            self.descriptor(
                torch.from_numpy(np.asarray(arrays["numbers"][i : i + _BATCH, :atoms])),
                torch.from_numpy(np.asarray(arrays["positions"][i : i + _BATCH, :atoms])),
            )
            for i in starts
        ])  # fmt: skip

    @torch.no_grad()
    def _errors(self, arrays: Mapping[str, Array]) -> Tensor:
        """Return truth minus prediction (N, channels) of prepared rows."""
        x = self.features(self._described(arrays))
        value = self.targets.undo(self.decoder_module()(self.encoder_module()(x)))
        return torch.from_numpy(arrays[self.spectrum]) - value


class _StructureToSpectrum(nn.Module):
    def __init__(self, model: CurveModel) -> None:
        super().__init__()
        self.spectrum = model.spectrum
        self.descriptor, self.features, self.targets = (
            model.descriptor, model.features, model.targets,
        )  # fmt: skip
        self.encoder, self.decoder = model.encoder_module(), model.decoder_module()
        self.scale, self.novelty = model.scale, model.novelty

    def forward(self, numbers: Tensor, positions: Tensor) -> dict[str, Tensor]:
        described = self.descriptor(numbers, positions)  # (N, n)
        x = self.features(described)  # (N, n), standardised
        latent = self.encoder(x)  # (N, k)
        spectrum = self.targets.undo(self.decoder(latent))  # (N, channels)
        return {
            self.spectrum: spectrum,
            f"{self.spectrum}_scale": self.scale(x),
            "novelty": self.novelty(described),
            "latent": latent,
        }
