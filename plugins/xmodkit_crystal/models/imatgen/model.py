"""iMatGen as published: two image autoencoders, then one variational autoencoder of materials.

Source: Noh et al., Matter 1, 1370 (2019), doi:10.1016/j.matt.2019.08.017, and its supplement.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Field
from xmodkit.model import Stage
from xmodkit.train.novelty import MahalanobisNovelty
from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.models.base import CrystalModel
from xmodkit_crystal.models.fields import predicted_fields
from xmodkit_crystal.models.graphs import graph_of
from xmodkit_crystal.models.imatgen.images import basis_autoencoder, cell_autoencoder
from xmodkit_crystal.models.imatgen.material import MaterialVae, Z, stacked_vectors
from xmodkit_crystal.models.imatgen.parts import ImatgenParts, vectors_of
from xmodkit_crystal.models.voxels import cell_images, one_species, species_images
from xmodkit_crystal.options import LONGEST_EDGE_A

__all__ = ["Imatgen"]

LATENT_SIZE = Z + SLOTS
_AT_ONCE = 16  # crystals whose images are drawn at a time
_NEVER = 1e9  # a norm at which no gradient is clipped


class Imatgen(CrystalModel):
    """The published networks, losses and rates (Table S1; `alpha`, `beta` and `delta` of z).

    Latent vectors hold the 500 published numbers, then the species' atomic numbers: the published
    vector does not say which elements its images are of. `stable_below` is the energy in eV/atom
    under which a crystal counts as stable.
    """

    name = "imatgen"
    longest_edge = LONGEST_EDGE_A
    notes = (
        "Networks, losses, batches and rates as published; numbers of epochs were not. One image "
        "of a crystal's species, drawn at random, is seen each epoch; the loss is the squared "
        "error (the supplement's), not that of a public re-implementation.",
        "Crystals are brought to a canonical form first, which the published code does not do.",
    )

    def __init__(
        self,
        alpha: float = 1e-7,
        beta: float = 5e-7,
        delta: float = 1e-4,
        stable_below: float = -0.5,
    ) -> None:
        self.alpha, self.beta, self.stable_below = alpha, beta, stable_below
        self.cell, self.basis = cell_autoencoder(), basis_autoencoder()
        self.material, self.familiar = MaterialVae(delta), MahalanobisNovelty(Z)
        self.networks = nn.ModuleDict(
            {
                "cell": self.cell,
                "basis": self.basis,
                "material": self.material,
                "familiar": self.familiar,
            }
        )
        self.stages = (
            _stage("cell", 1e-4, 32, epochs=20),
            _stage("basis", 3e-4, 22, epochs=20),
            _stage("material", 3e-3, 40, epochs=200),
        )

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return padded atoms or, for the materials' stage, the vectors of frozen autoencoders."""
        if stage != "material":
            return arrays
        vectors = [
            self._vectors({k: torch.from_numpy(v[i : i + _AT_ONCE]) for k, v in arrays.items()})
            for i in range(0, len(arrays["cell"]), _AT_ONCE)
        ]
        return {"vectors": torch.cat(vectors).numpy(), "energy": arrays["energy"]}

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a stage: squared errors; of materials two terms more."""
        if stage == "cell":
            images = cell_images(batch["cell"])
            return nn.functional.mse_loss(self.cell(images), images)
        if stage == "basis":
            slots = batch["slots"]
            mine = torch.where(slots == one_species(slots), 0, -1)
            images = species_images(batch["positions"], mine, 1)[:, 0]
            return nn.functional.mse_loss(self.basis(images), images)
        return self._material_loss(batch["vectors"], batch["energy"])

    def _material_loss(self, vectors: Tensor, energy: Tensor) -> Tensor:
        mean, log_variance = self.material.encode(vectors)
        z = self.material.sample(mean, log_variance)
        cell, basis = self.material.decode(z)
        squared = (stacked_vectors(cell, basis) - vectors).square().flatten(1).sum(dim=1)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
        loss = (squared + self.alpha * divergence).mean()
        known = ~torch.isnan(energy)
        stable = (energy < self.stable_below).float()
        missed = nn.functional.binary_cross_entropy_with_logits(
            self.material.stability(z), stable, reduction="none"
        )
        missed = torch.where(known, missed, 0.0).sum() / known.sum().clamp(min=1)
        return loss + self.beta * missed

    @torch.no_grad()
    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what the latents of familiar crystals look like, once all is learned."""
        if stage == "material":
            vectors = torch.from_numpy(self.rows(stage, arrays)["vectors"])
            self.familiar.fit(self.material.encode(vectors)[0])

    @torch.no_grad()
    def _vectors(self, atoms: Mapping[str, Tensor]) -> Tensor:
        """Return the stacked vectors (B, 6, 200) of padded atoms."""
        images = species_images(atoms["positions"], atoms["slots"], SLOTS)
        cells = cell_images(atoms["cell"])
        return vectors_of(self.cell, self.basis, cells, atoms["species"], images)

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return images for a crystal, and what is told of it beside its latent."""
        return predicted_fields(route, fields, LATENT_SIZE)

    def graph(self, route: str) -> nn.Module:
        """Return the module of a route."""
        return graph_of(route, ImatgenParts(self))


def _stage(name: str, rate: float, batch: int, epochs: int) -> Stage:
    """Return a stage as published: Adam, at a constant rate."""
    return Stage(
        name, (name,), epochs, rate, batch, optimiser="adam", schedule="constant", clip=_NEVER
    )
