"""The graphs of the routes of all models of crystals: voxel images in, latents or images out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

__all__ = ["CrystalParts", "graph_of"]


class CrystalParts(nn.Module, ABC):
    """What every route is made of: from images to a latent vector, back, and what is told of it."""

    @abstractmethod
    def encode(self, cell_image: Tensor, species: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (N, k), and the species' images as the networks saw them."""

    @abstractmethod
    def decode(self, latent: Tensor) -> dict[str, Tensor]:
        """Return the fields of VOXELS; images of slots without a species are empty."""

    @abstractmethod
    def judged(self, latent: Tensor) -> dict[str, Tensor]:
        """Return what is told of latents: stability, novelty, and what else the model knows."""

    def error(self, latent: Tensor, species: Tensor, seen: Tensor) -> Tensor:
        """Return the root mean square error (N,) of all voxels of used slots that come back."""
        used = (species > 0).to(seen.dtype)
        off = (self.decode(latent)["species_images"] - seen).square().mean(dim=(2, 3, 4)) * used
        return (off.sum(dim=1) / used.sum(dim=1).clamp(min=1)).sqrt()


class _Route(nn.Module):
    def __init__(self, parts: CrystalParts) -> None:
        super().__init__()
        self.parts = parts


class _CrystalToLatent(_Route):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent, seen = self.parts.encode(cell_image, species, images)
        error = self.parts.error(latent, species, seen)
        return {"latent": latent, "reconstruction_error": error, **self.parts.judged(latent)}


class _CrystalToCrystal(_Route):
    def forward(self, cell_image: Tensor, species: Tensor, images: Tensor) -> dict[str, Tensor]:
        latent, _ = self.parts.encode(cell_image, species, images)
        return {**self.parts.decode(latent), "latent": latent, **self.parts.judged(latent)}


class _LatentToCrystal(_Route):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return {**self.parts.decode(latent), **self.parts.judged(latent)}


class _LatentToStability(_Route):
    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        return self.parts.judged(latent)


_ROUTES: dict[str, type[_Route]] = {
    "crystal:latent": _CrystalToLatent,
    "crystal:crystal": _CrystalToCrystal,
    "latent:crystal": _LatentToCrystal,
    "latent:stability": _LatentToStability,
}


def graph_of(route: str, parts: CrystalParts) -> nn.Module:
    """Return the graph of a route."""
    return _ROUTES[route](parts)
