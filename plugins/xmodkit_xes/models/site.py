"""Our own model: an ensemble that reads one site, several kinds of spectra at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.errors import DataError, UsageError
from xmodkit.modality import Array
from xmodkit.model import Model, Stage
from xmodkit.pair import Options, Route, Sample
from xmodkit_xes.models.density import CUTOFF_A, DensityNetwork, Waves
from xmodkit_xes.models.familiar import Familiar
from xmodkit_xes.models.frames import FeatureFrame
from xmodkit_xes.models.kernel import KernelMember
from xmodkit_xes.models.surroundings import Surroundings
from xmodkit_xes.models.targets import Spectra
from xmodkit_xes.reading.clusters import clusters

__all__ = ["Site"]

_MEMBERS = 5
_COMPONENTS = 30  # of each kind of spectrum
_JITTER_A = 0.02  # of the positions while learning: no geometry is known better
_CLUSTERS = 64  # in a batch
_FEW = 1000  # rows: a network that sees fewer forgets more of its features at each step
_BATCH = 128
_ROWS = 640  # that a kernel keeps


class Site(Model):
    """Density networks, and of molecules a kernel too; their spread scales the bounds.

    All kinds of spectra that the samples have are learned together: they tell of the same
    electrons. Where a sample brings conformers, each of them is an example.
    """

    name: ClassVar[str] = "site"

    def __init__(
        self,
        spectra: Mapping[str, Sequence[float]],
        absorber: str,
        geometries: int = 1,
        atoms: int = 128,
    ) -> None:
        self.spectra = {kind: tuple(energies) for kind, energies in spectra.items()}
        self.geometries, self.atoms = geometries, atoms
        self.routes = tuple(f"structure:{kind}" for kind in self.spectra)
        self.condition = {"absorber": absorber}
        self.surroundings, self.waves = Surroundings(), Waves()
        self.around = FeatureFrame(self.surroundings.size, clip=4.0)
        self.targets = Spectra({k: len(e) for k, e in self.spectra.items()}, _COMPONENTS)
        self.members = nn.ModuleList(
            DensityNetwork(self.surroundings.size, self.targets.components) for _ in range(_MEMBERS)
        )
        # Molecules come with conformers, and are few: a kernel reads them well.
        kernels = [KernelMember(self.targets.components, _ROWS)] if geometries > 1 else []
        self.kernels = nn.ModuleList(kernels)
        self.familiar = Familiar(self.surroundings.size)
        self.networks = nn.ModuleDict(
            {
                "around": self.around,
                "targets": self.targets,
                "members": self.members,
                "kernels": self.kernels,
                "familiar": self.familiar,
            }
        )
        epochs, rate = (36, 2e-3) if geometries == 1 else (30, 1e-3)
        self.stages = (
            Stage(
                "members",
                ("members",),
                epochs,
                learning_rate=rate,
                batch_size=max(_CLUSTERS // geometries, 1),
                weight_decay=0.05,
                clip=0.1,
            ),
        )

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return the energies of every kind of spectrum, that of the route first.

        Raise `DataError` if the sample does not say at which energies it is.
        """
        kinds = [route.target, *sorted(k for k in sample.arrays if f"{k}_energy" in
                                       sample.coordinates and k != route.target)]  # fmt: skip
        if f"{route.target}_energy" not in sample.coordinates:
            raise DataError(
                f"sample {sample.id} has no energies of its {route.target}; ingest it anew"
            )
        conformers = sample.arrays.get("conformers")
        return {
            "spectra": {k: [float(e) for e in sample.coordinates[f"{k}_energy"]] for k in kinds},
            "absorber": str(sample.metadata.get("absorber", "")),
            "geometries": 1 if conformers is None else len(conformers["conformer_numbers"]),
        }

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return clusters within the cut-off, (geometries, atoms), and the spectra.

        A sample with fewer geometries than others repeats its own. Raise `DataError` unless it
        has one absorber.
        """
        numbers = np.zeros((self.geometries, self.atoms), np.int32)
        positions = np.zeros((self.geometries, self.atoms, 3), np.float32)
        for place, (kinds, where) in enumerate(self._geometries(sample)):
            count = min(len(kinds), self.atoms)
            numbers[place, :count], positions[place, :count] = kinds[:count], where[:count]
        spectra = {kind: sample.arrays[kind][kind] for kind in self.spectra}
        return {"numbers": numbers, "positions": positions, **spectra}

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take means and scales from the training rows."""
        numbers, positions = _flat(arrays)
        self.targets.fit({k: torch.from_numpy(np.asarray(arrays[k])) for k in self.spectra})
        around = self._each(self.surroundings, numbers, positions)
        self.around.fit(around[numbers > 0])
        rate = 0.3 if len(arrays["numbers"]) < _FEW else 0.1
        for module in self.members.modules():
            if isinstance(module, nn.Dropout):
                module.p = rate

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return the atoms that reach the networks, their surroundings, and the targets."""
        shape = arrays["numbers"].shape
        numbers, positions = _flat(arrays)
        inside = (positions**2).sum(dim=2).sqrt() < CUTOFF_A
        most = int(((numbers > 0) & inside).sum(dim=1).max())  # the nearest come first
        around = self._each(self._around, numbers, positions)[:, :most]
        spectra = {k: torch.from_numpy(np.asarray(arrays[k])) for k in self.spectra}
        return {
            "numbers": numbers[:, :most].reshape(*shape[:2], most).numpy(),
            "positions": positions[:, :most].reshape(*shape[:2], most, 3).numpy(),
            "around": around.reshape(*shape[:2], most, -1).numpy(),
            "target": self.targets(spectra).numpy(),
        }

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the members' summed squared errors, in units of the targets' variance."""
        numbers, positions, around = (
            batch[name].flatten(0, 1) for name in ("numbers", "positions", "around")
        )
        if self.members.training:
            positions = positions + _JITTER_A * torch.randn_like(positions)
        target = batch["target"].repeat_interleave(self.geometries, dim=0)
        waves = self.waves(numbers, positions)
        found = torch.stack([member(numbers, waves, around) for member in self.members])
        if not self.members.training:  # the mean is what will be used
            return ((found.mean(dim=0) - target) ** 2).sum(dim=1).mean()
        return ((found - target) ** 2).sum(dim=2).mean(dim=1).sum()

    @torch.no_grad()
    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar sites look like, and how far members disagree on them."""
        numbers, positions = _flat(arrays)
        self.familiar.fit(numbers, self._each(self.surroundings, numbers, positions)[:, 0])
        self.members.eval()
        spectra = {k: torch.from_numpy(np.asarray(arrays[k])) for k in self.spectra}
        own = slice(None, None, self.geometries)  # the first geometry of each row
        for kernel in self.kernels:
            assert isinstance(kernel, KernelMember)
            kernel.fit(numbers[own], positions[own], self.targets(spectra))
        self.targets.set_floor(self._each(self._read, numbers, positions).transpose(0, 1))

    def graph(self, route: str) -> nn.Module:
        """Return clusters in; spectrum, its scale, novelty and, as latent, its components out."""
        if route not in self.routes:
            raise UsageError(f"route {route}: {self.name} offers {', '.join(self.routes)}")
        return _SiteGraph(self, route.partition(":")[2])

    def _around(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return the standardised surroundings (N, A, s) of clusters."""
        around: Tensor = self.around(self.surroundings(numbers, positions))
        return around

    def _read(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return what every member makes of raw clusters, (N, M, components)."""
        found = _read(self, numbers, positions, self._around(numbers, positions))
        return found.transpose(0, 1)

    @torch.no_grad()
    def _each(
        self, function: Callable[[Tensor, Tensor], Tensor], numbers: Tensor, positions: Tensor
    ) -> Tensor:
        """Return a function of clusters, computed some at a time: memory goes as atoms squared."""
        starts = range(0, len(numbers), _BATCH)
        return torch.cat(
            [function(numbers[i : i + _BATCH], positions[i : i + _BATCH]) for i in starts]
        )

    def _geometries(self, sample: Sample) -> list[tuple[Array, Array]]:
        own = clusters(sample.arrays["structure"])
        if len(own) != 1:
            raise DataError(
                f"sample {sample.id} has {len(own)} absorbers, 1 expected; store each site as a "
                "sample of its own"
            )
        first = own[0]["numbers"], own[0]["positions"]
        more = sample.arrays.get("conformers")
        if self.geometries == 1 or more is None:
            return [first] * self.geometries
        found = list(zip(more["conformer_numbers"], more["conformer_positions"], strict=True))
        held = [each for each in found if (each[0] > 0).any()]
        return [held[i % len(held)] for i in range(self.geometries)]


class _SiteGraph(nn.Module):
    def __init__(self, model: Site, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.surroundings, self.around, self.waves = model.surroundings, model.around, model.waves
        self.members, self.kernels = model.members, model.kernels
        self.targets, self.familiar = model.targets, model.familiar

    def forward(self, numbers: Tensor, positions: Tensor) -> dict[str, Tensor]:
        raw = self.surroundings(numbers, positions)  # (N, A, s)
        around = self.around(raw)
        found = _read(self, numbers, positions, around)  # (M, N, c)
        return {
            self.kind: self.targets.spectrum(self.kind, found.mean(dim=0)),
            f"{self.kind}_scale": self.targets.scale(self.kind, found),
            "novelty": self.familiar(numbers, positions, raw[:, 0]),
            "latent": self.targets.part(self.kind, found.mean(dim=0)),
        }


def _read(
    ensemble: Site | _SiteGraph, numbers: Tensor, positions: Tensor, around: Tensor
) -> Tensor:
    """Return what every network and kernel makes of clusters, (M, N, components)."""
    waves = ensemble.waves(numbers, positions)
    found = [member(numbers, waves, around) for member in ensemble.members]
    return torch.stack([*found, *(kernel(numbers, positions) for kernel in ensemble.kernels)])


def _flat(arrays: Mapping[str, Array]) -> tuple[Tensor, Tensor]:
    """Return every geometry of every row as a row: (N, atoms), (N, atoms, 3)."""
    numbers = torch.from_numpy(np.asarray(arrays["numbers"])).flatten(0, 1)
    most = max(int((numbers > 0).sum(dim=1).max()), 2)  # no more padding than that
    return numbers[:, :most], torch.from_numpy(np.asarray(arrays["positions"])).flatten(0, 1)[
        :, :most
    ]
