"""Our own model of crystals: the cell exactly, elements by their place, atoms where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Stage
from xmodkit.pair import Sample
from xmodkit.structures.elements import symbol
from xmodkit_crystal.modalities import SLOTS, STABILITY
from xmodkit_crystal.models.base import CrystalModel, energy_of
from xmodkit_crystal.models.fields import predicted_fields
from xmodkit_crystal.models.graphs import graph_of
from xmodkit_crystal.models.lattice.augment import disarranged, packed
from xmodkit_crystal.models.lattice.clusters import Clusters
from xmodkit_crystal.models.lattice.code import CELL, CrystalCode
from xmodkit_crystal.models.lattice.head import EnergyHead
from xmodkit_crystal.models.lattice.images import COARSE, COARSE_SIGMA_A, coarse_images
from xmodkit_crystal.models.lattice.parts import LatticeParts
from xmodkit_crystal.models.lattice.places import said_of_places
from xmodkit_crystal.models.lattice.principal import PrincipalComponents
from xmodkit_crystal.models.voxels import one_species

__all__ = ["Lattice"]

LONGEST_EDGE_A = 13.5  # V2O5 has 11.5; the cube of the images ends it
_COMPONENTS = 64
_AT_ONCE = 64  # crystals whose images are drawn at a time
_OFFSETS = 4.0  # how much an atom's place counts beside whether it is there
_EXACT = 0.02  # errors below count by their square, in places of 1.9 A
_TEMPERED = 10  # of so many rows with an energy one tells how large errors really are
_ENERGY = STABILITY.fields[1].name


class Lattice(CrystalModel):
    """A latent that separates geometry and composition, and keeps atoms where they are.

    The cell is least squares on its image, elements are points of the periodic table, and each
    species' image passes through a code on a grid of 4^3: nothing in it depends on which crystals
    were seen together in training. `channels` is the code's depth; `stable_below` the energy in
    eV/atom under which a crystal counts as stable.
    """

    name = "lattice"
    longest_edge = LONGEST_EDGE_A
    condition = MappingProxyType({"longest_edge": str(LONGEST_EDGE_A)})
    notes = (
        "Half of the arrangements that the images' network learned from are crystals of the data, "
        "a quarter the same atoms rotated, strained and displaced, a quarter placed at random.",
        "Energies and stability are NaN outside the chemistry whose energies were learned from: "
        "for another element, another number of elements, or an unlike structure.",
    )

    def __init__(self, channels: int = 6, stable_below: float = 1.0) -> None:
        self.code = CrystalCode(channels)
        size = CELL + SLOTS * self.code.images.size
        self.space = PrincipalComponents(size, _COMPONENTS)
        self.clusters = Clusters(size)
        self.head = EnergyHead(_COMPONENTS, stable_below)
        self.networks = nn.ModuleDict(
            {"code": self.code, "space": self.space, "clusters": self.clusters, "head": self.head}
        )
        self.stages = (
            Stage("images", ("code",), 26, 2e-3, 16, weight_decay=1e-3, keep="last"),
            Stage("energy", ("head",), 120, 2e-3, 64, weight_decay=1e-1),
        )

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take how cells spread, or where crystals lie and what their energies are."""
        if stage == "images":
            self.code.cell.fit(torch.from_numpy(arrays["cell"]))
            return
        rows = {name: torch.from_numpy(array) for name, array in self.rows(stage, arrays).items()}
        there = ~torch.isnan(rows["energy"])
        if there.any():
            self.head.fit(*(rows[name][there] for name in ("species", "components", "energy")))

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return padded atoms or, for the energy's stage, components of the frozen latent.

        Of every tenth row the energy is kept back.
        """
        if stage == "images":
            return arrays
        energy = arrays["energy"].copy()
        energy[::_TEMPERED] = torch.nan
        return {**self._components(arrays), "energy": energy}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return how wrong places are about atoms, or the likelihood of energies."""
        if stage == "energy":
            known = ~torch.isnan(batch["energy"])
            if not known.any():
                nothing: Tensor = 0.0 * self.head(batch["species"], batch["components"])[0].sum()
                return nothing
            return self.head.loss(*(batch[n][known] for n in ("species", "components", "energy")))
        return self._image_loss(batch["positions"], batch["slots"])

    def _image_loss(self, positions: Tensor, slots: Tensor) -> Tensor:
        """Return how wrong places are about one species of each crystal, drawn at random."""
        present = slots == one_species(slots)  # (B, A)
        if self.code.training:
            positions, present = _varied(positions, present)
        says, offset = said_of_places(positions, present)
        code = self.code.images.encode(coarse_images(positions, present))
        logit, found = self.code.images.places(code)
        missed = nn.functional.binary_cross_entropy_with_logits(logit, says, reduction="sum")
        off = nn.functional.smooth_l1_loss(found, offset, beta=_EXACT, reduction="none")
        total: Tensor = (missed + _OFFSETS * (off * says[:, None]).sum()) / len(positions)
        return total

    @torch.no_grad()
    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit where crystals lie in the latent space, then how large errors of energies are."""
        if stage == "images":
            geometry = self.code.geometry(self._latents(arrays))
            self.space.fit(geometry)
            species = torch.from_numpy(arrays["species"])
            self.clusters.fit(geometry, (species > 0).sum(dim=1))
            kinds, times = torch.unique(species, dim=0, return_counts=True)
            self.space.usual.copy_(kinds[times.argmax()])
            return
        energy = torch.from_numpy(arrays["energy"])
        kept = torch.zeros_like(energy, dtype=torch.bool)
        kept[::_TEMPERED] = True
        kept &= ~torch.isnan(energy)
        if kept.any():
            self.head.eval()
            rows = {name: torch.from_numpy(a) for name, a in self._components(arrays).items()}
            self.head.fit_temper(rows["species"][kept], rows["components"][kept], energy[kept])

    def _components(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        with torch.no_grad():
            components = self.space(self.code.geometry(self._latents(arrays)))
        return {"species": arrays["species"], "components": components.numpy()}

    @torch.no_grad()
    def _latents(self, arrays: Mapping[str, Array]) -> Tensor:
        found = []
        for i in range(0, len(arrays["cell"]), _AT_ONCE):
            atoms = {k: torch.from_numpy(v[i : i + _AT_ONCE]) for k, v in arrays.items()}
            slots = atoms["slots"]
            images = [coarse_images(atoms["positions"], slots == slot) for slot in range(SLOTS)]
            stack = torch.stack(images, dim=1)
            found.append(self.code.encode(atoms["cell"], atoms["species"], stack))
        return torch.cat(found)

    def target(self, route: str, sample: Sample) -> Arrays:
        """Return the energy of formation, where any was learned; images are judged as crystals."""
        judged = route.endswith(":crystal") or not self.head.learned
        return {} if judged else {_ENERGY: energy_of(sample)}

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return images for a crystal, and what is told of it beside its latent."""
        return predicted_fields(route, fields, self.code.size, energy=True, size=COARSE)

    def tolerances(self, route: str) -> Mapping[str, float]:
        """Return more than the default for images: on an atom's flank a position counts tenfold."""
        if not route.endswith(":crystal"):
            return super().tolerances(route)
        return {"cpu": 1e-4, "cuda": 1e-2}

    def details(self, route: str, held: Sequence[Sample]) -> Mapping[str, Any]:
        """Return the width of atoms in images, what a latent is made of, and where crystals lie."""
        if not route.endswith(":crystal"):
            return {}
        table = [[round(x, 6) for x in row] for row in self.code.elements.table.tolist()]
        told: dict[str, Any] = {
            "species_sigma": COARSE_SIGMA_A,
            "element_codes": {"start": CELL, "table": table, "places": self.code.images.size},
        }
        if route == "latent:crystal":
            usual = [symbol(number) for number in self.space.usual.tolist() if number]
            told |= {"elements": usual, "latents": self.clusters.told()}
        return told

    def graph(self, route: str) -> nn.Module:
        """Return the module of a route."""
        return graph_of(route, LatticeParts(self))


def _varied(positions: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return half of the rows as they are, a quarter disarranged, and a quarter anything."""
    batch, atoms = present.shape
    half, quarter = batch - batch // 2, batch // 4
    moved, kept = disarranged(positions[half + quarter :], present[half + quarter :])
    placed, there = packed(quarter, atoms, positions.device)
    return (
        torch.cat([positions[:half], placed, moved]),
        torch.cat([present[:half], there, kept]),
    )
