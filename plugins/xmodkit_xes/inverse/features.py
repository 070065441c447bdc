"""From latent scores back to the structure's features, and what people read off them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from xmodkit.errors import MissingExtraError, ModelFileError
from xmodkit_xes.inverse.distortion import Floats

__all__ = ["PARAMETERS", "Features"]

# The structural parameters of a triatomic molecule, with their units.
PARAMETERS: Mapping[str, str] = {
    "bond_sum": "angstrom",
    "bond_difference": "angstrom",
    "angle": "degree",
}

_PAIR = re.compile(r"^([A-Z][a-z]?)[\d*]*-([A-Z][a-z]?)[\d*]*$")


@dataclass(frozen=True)
class Features:
    """The features of a structure, and the orthonormal basis (k, n) whose scores a decoder takes.

    x = mean + scale * (t V): what the scores do not say of a feature returns its mean.
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    basis: Floats

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> Features:
        """Return the features that a decoder's details describe.

        Raise `ModelFileError` if they do not fit each other.
        """
        try:
            names = tuple(str(name) for name in details["features"])
            mean = np.array(details["feature_mean"], float)
            scale = np.array(details["feature_scale"], float)
            basis = np.array(details["basis"], float)
        except KeyError as error:
            raise ModelFileError(
                f"decoder: its details lack {error}, which the way back needs: export it again"
            ) from error
        if basis.ndim != 2 or not basis.shape[1] == len(names) == mean.size == scale.size:
            raise ModelFileError(
                f"decoder: details with {len(names)} features, {mean.size} means, {scale.size} "
                f"scales and a basis of shape {basis.shape} given, (k, {len(names)}) expected"
            )
        return cls(names, mean, scale, basis)

    def of_latent(self, latent: Floats) -> Floats:
        """Return features (..., n) of scores (..., k)."""
        return np.asarray(self.mean + self.scale * (latent @ self.basis))

    def to_latent(self, features: Floats) -> Floats:
        """Return scores (..., k) of features (..., n); a constant feature adds nothing."""
        inverse = np.where(self.scale > 0, 1 / np.where(self.scale > 0, self.scale, 1), 0)
        return np.asarray(((features - self.mean) * inverse) @ self.basis.T)

    @cached_property
    def triatomic(self) -> tuple[int, int, int] | None:
        """Where the shorter bond, the longer bond and the angle stand; None if they do not."""
        starts = [name.lower().split()[0].partition("_")[0] for name in self.names]
        if not {"short", "long", "angle"} <= set(starts):
            return None
        return starts.index("short"), starts.index("long"), starts.index("angle")

    def fold(self, latent: Floats) -> Floats:
        """Return the scores of the same structure with its shorter bond named first.

        Which hydrogen has which name does not matter: a curve goes on evenly where the bonds
        become equal. Only a decoder of all features can be folded; others are left as they are.
        """
        if self.triatomic is None or len(self.basis) < len(self.names):
            return latent
        features = self.of_latent(latent)
        short, long, _ = self.triatomic
        bonds = features[..., [short, long]]
        features[..., [short, long]] = np.sort(bonds, axis=-1)
        swapped = bonds[..., :1] > bonds[..., 1:]
        return np.where(swapped, self.to_latent(features), latent)

    def parameters(self, features: Floats) -> dict[str, Floats]:
        """Return the structural parameters (...) that features (..., n) say; none of most sets."""
        if self.triatomic is None:
            return {}
        short, long, angle = (features[..., place] for place in self.triatomic)
        values = (short + long, np.abs(long - short), angle)
        return dict(zip(PARAMETERS, values, strict=True))

    def positions(self, features: Floats) -> Floats | None:
        """Return positions (..., 3, 3) in Angstrom, the absorber first; None if undetermined."""
        if self.triatomic is None:
            return None
        short, long, degrees = (features[..., place] for place in self.triatomic)
        angle = np.radians(degrees)
        positions = np.zeros((*features.shape[:-1], 3, 3))
        positions[..., 1, 0] = short
        positions[..., 2, 0] = long * np.cos(angle)
        positions[..., 2, 1] = long * np.sin(angle)
        return positions

    def distances(self, features: Floats) -> dict[str, float]:
        """Return the distances in Angstrom of one row of features (n,), by pair of atoms.

        An off-diagonal entry of a Coulomb matrix is Z_i Z_j / r_ij (Rupp et al. 2012); an entry
        that is not positive says nothing of a distance and is left out.
        """
        if self.triatomic is not None:
            short, long, angle = (float(features[place]) for place in self.triatomic)
            across = short**2 + long**2 - 2 * short * long * np.cos(np.radians(angle))
            return {"short": short, "long": long, "across": float(np.sqrt(across))}
        pairs = ((name, _PAIR.match(name)) for name in self.names)
        return {
            name: _charge(pair[1]) * _charge(pair[2]) / float(entry)
            for (name, pair), entry in zip(pairs, features, strict=True)
            if pair is not None and entry > 0
        }


def _charge(symbol: str) -> int:
    try:
        from ase.data import atomic_numbers
    except ImportError:
        raise MissingExtraError("reading distances off a Coulomb matrix", "ase", "xes") from None
    return int(atomic_numbers.get(symbol, 0))
