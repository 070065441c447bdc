"""The architectures that `xmod train --plugin crystal --model` knows."""

from __future__ import annotations

from xmodkit.model import Model
from xmodkit_crystal.models.imatgen.model import Imatgen
from xmodkit_crystal.models.lattice.model import Lattice

__all__ = ["MODELS"]

MODELS: dict[str, type[Model]] = {model.name: model for model in (Lattice, Imatgen)}
