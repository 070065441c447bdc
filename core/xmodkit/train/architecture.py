"""Which model a training makes: its class, its route, and the shape that the data give it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from xmodkit.errors import DataError, UsageError
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Options, Route
from xmodkit.reading import samples_in_store
from xmodkit.train.trained import set_up_for

__all__ = ["Architecture"]


@dataclass(frozen=True)
class Architecture:
    """All that models of one training share but their weights.

    `pair` is set up for them, `name` is what it calls the model, `shape` what its constructor is
    given, `coordinates` those of the data by axis name.
    """

    pair: ModalityPair
    name: str
    route: Route
    shape: Mapping[str, Any]
    coordinates: Mapping[str, tuple[float, ...]]

    @classmethod
    def of_store(
        cls, pair: ModalityPair, name: str, store: Path, route: Route | None, options: Options
    ) -> Architecture:
        """Shape a model by the first sample of a store.

        `route` is the one to train for: if None, the model's first, or the pair's where that
        depends on the shape. Raise `DataError` if the store is empty or lacks what the model
        needs, `UsageError` if the model is trained for another route.
        """
        model = pair.models()[name]
        wanted = route or pair.route(getattr(model, "routes", (None,))[0])
        samples = samples_in_store(store, pair, wanted, every_modality=True)
        sample = next(iter(samples), None)
        if sample is None:
            raise DataError(f"{store}: no samples in it")
        try:
            given = model.shape(wanted, sample, options)
        except KeyError as error:
            raise DataError(
                f"{store}: model {name} needs {error} for {wanted.name}, the store holds "
                f"{', '.join(sample.arrays)}; give another store, or --route"
            ) from error
        # As the run will hold it, so that training and loading make the same model.
        shape = json.loads(json.dumps(given, allow_nan=False))
        found = cls(pair, name, wanted, shape, dict(sample.coordinates))
        made = found.make(0)
        first = pair.route(made.routes[0])
        if route is not None and first != route:
            raise UsageError(f"--route {route.name}: {name} is trained for {first.name}")
        return replace(found, route=first, pair=set_up_for(pair, made))

    def make(self, seed: int, epochs: int | None = None) -> Model:
        """Return a model with the weights of a seed.

        `epochs` sets those of every stage that has any: others learn nothing by gradient.
        """
        torch.manual_seed(seed)
        model = self.pair.models()[self.name](**self.shape)
        if epochs is not None:
            model.stages = tuple(
                replace(stage, epochs=epochs) if stage.epochs else stage for stage in model.stages
            )
        return model
