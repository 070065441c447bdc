"""The architectures that `xmod train --plugin saxs-sem --model` knows."""

from __future__ import annotations

from xmodkit.model import Model
from xmodkit_saxs_sem.models.pairvae.model import PairVae
from xmodkit_saxs_sem.models.phases.model import Phases

__all__ = ["MODELS"]

MODELS: dict[str, type[Model]] = {model.name: model for model in (Phases, PairVae)}
