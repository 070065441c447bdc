"""What all models of crystals share: their routes, and crystals as training keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from xmodkit.modality import Array, Arrays
from xmodkit.model import Model
from xmodkit.pair import Options, Route, Sample
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.models.atoms import padded
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.voxels import check_limits

__all__ = ["CrystalModel", "energy_of"]

_MOST_ATOMS = 20


class CrystalModel(Model):
    """A model of crystals whose cells have edges of `longest_edge` A at most."""

    longest_edge: ClassVar[float]
    routes = ("crystal:latent", "crystal:crystal", "latent:crystal", "latent:stability")

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return the threshold of stability where it is given."""
        given = options.get("stable_below")
        return {} if given is None else {"stable_below": given}

    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return a crystal's padded atoms and its energy, NaN if there is none.

        Raise `InputError` if it does not fit the images.
        """
        crystal = canonical(to_crystal(sample.arrays["crystal"]))
        check_limits(crystal, longest_edge=self.longest_edge)
        return {**padded(crystal, _MOST_ATOMS), "energy": energy_of(sample)}

    def target(self, route: str, sample: Sample) -> Arrays:
        """Return no truth: latents have none, and images are judged as crystals."""
        return {}


def energy_of(sample: Sample) -> Array:
    """Return a sample's energy of formation in eV/atom, NaN where it is not known."""
    return np.array(sample.metadata.get("formation_energy", np.nan), np.float32)
