"""Our own model of crystals: the cell exactly, elements by their place, atoms where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Stage
from xmodkit.pair import Sample
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit_crystal.modalities import SLOTS, STABILITY
from xmodkit_crystal.models.base import CrystalModel, energy_of
from xmodkit_crystal.models.fields import predicted_fields
from xmodkit_crystal.models.lattice.augment import disarranged
from xmodkit_crystal.models.lattice.code import CrystalCode
from xmodkit_crystal.models.lattice.graphs import graph_of
from xmodkit_crystal.models.lattice.head import EnergyHead
from xmodkit_crystal.models.lattice.images import COARSE, COARSE_SIGMA_A
from xmodkit_crystal.models.voxels import species_images

__all__ = ["Lattice"]

LONGEST_EDGE_A = 13.5  # V2O5 has 11.5; the cube of the images ends it
_AT_ONCE = 64  # crystals whose images are drawn at a time
_PEAKS = 20.0  # how much more a voxel within an atom counts than an empty one
_ENERGY = STABILITY.fields[1].name


class Lattice(CrystalModel):
    """A latent that separates geometry and composition, and keeps atoms where they are.

    The cell is least squares on its image, elements are points of the periodic table, and the
    species' images pass through a code on a grid of 4^3: nothing in it depends on which crystals
    were seen together in training. `channels` is the code's depth; `stable_below` the energy in
    eV/atom under which a crystal counts as stable.
    """

    name = "lattice"
    longest_edge = LONGEST_EDGE_A
    condition = MappingProxyType({"longest_edge": str(LONGEST_EDGE_A)})
    notes = (
        "Half of the arrangements that the images' network learned from are crystals of the data, "
        "the other half the same atoms rotated, strained, displaced and exchanged at random.",
    )

    def __init__(self, channels: int = 16, stable_below: float = 1.0) -> None:
        self.code = CrystalCode(channels)
        self.head = EnergyHead(self.code.size, stable_below)
        self.familiar = MahalanobisNovelty(self.code.size)
        self.networks = nn.ModuleDict(
            {"code": self.code, "head": self.head, "familiar": self.familiar}
        )
        self.stages = (
            Stage("images", ("code",), 40, 2e-3, 16, weight_decay=1e-3, keep="last"),
            Stage("energy", ("head",), 100, 1e-3, 64, weight_decay=1e-2),
        )

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take how cells spread, or latents and energies, from the training rows."""
        if stage == "images":
            self.code.cell.fit(torch.from_numpy(arrays["cell"]))
        else:
            rows = self.rows(stage, arrays)
            known = torch.from_numpy(rows["energy"])
            there = ~torch.isnan(known)
            if there.any():
                self.head.standardise(torch.from_numpy(rows["latent"])[there], known[there])

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return padded atoms or, for the energy's stage, the latents of the frozen code."""
        if stage == "images":
            return arrays
        return {"latent": self._latents(arrays).numpy(), "energy": arrays["energy"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the squared error of images, peaks weighted, or the energy's likelihood."""
        if stage == "energy":
            known = ~torch.isnan(batch["energy"])
            if not known.any():
                nothing: Tensor = 0.0 * self.head(batch["latent"])[0].sum()
                return nothing
            return self.head.loss(batch["latent"][known], batch["energy"][known])
        positions, slots = batch["positions"], batch["slots"]
        if self.code.training:
            moved = disarranged(positions, slots)
            half = len(positions) // 2
            positions = torch.cat([positions[:half], moved[0][half:]])
            slots = torch.cat([slots[:half], moved[1][half:]])
        images = _coarse(positions, slots)
        again = self.code.images.decode(self.code.images.encode(images))
        return ((again - images).square() * (1 + _PEAKS * images)).mean()

    @torch.no_grad()
    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what the latents of familiar crystals look like."""
        if stage == "images":
            self.familiar.fit(self._latents(arrays))

    @torch.no_grad()
    def _latents(self, arrays: Mapping[str, Array]) -> Tensor:
        found = []
        for i in range(0, len(arrays["cell"]), _AT_ONCE):
            atoms = {k: torch.from_numpy(v[i : i + _AT_ONCE]) for k, v in arrays.items()}
            images = _coarse(atoms["positions"], atoms["slots"])
            found.append(self.code.encode(atoms["cell"], atoms["species"], images))
        return torch.cat(found)

    def target(self, route: str, sample: Sample) -> Arrays:
        """Return the energy of formation where it is known; images are judged as crystals."""
        return {_ENERGY: energy_of(sample)}

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return images for a crystal, and what is told of it beside its latent."""
        return predicted_fields(route, fields, self.code.size, energy=True, size=COARSE)

    def graph(self, route: str) -> nn.Module:
        """Return the module of a route."""
        return graph_of(self, route)


def _coarse(positions: Tensor, slots: Tensor) -> Tensor:
    return species_images(positions, slots, SLOTS, size=COARSE, sigma=COARSE_SIGMA_A)
