"""A model in training as its pair sees a predictor: what it is for, before there is a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route
from xmodkit.prediction import Prediction

__all__ = ["set_up_for"]


@dataclass(frozen=True)
class _Condition:
    condition: Mapping[str, str]


@dataclass(frozen=True)
class _Trained:
    """Says what `ModalityPair.configured` asks of a predictor, and predicts nothing."""

    route: Route
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    metadata: _Condition
    device: str = "cpu"
    identity: str = ""

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        raise UsageError("a model in training predicts through its graph; export it first")


def set_up_for(pair: ModalityPair, model: Model) -> ModalityPair:
    """Return the pair configured for what a model is trained for: its route and condition."""
    route = pair.route(model.routes[0])
    fields = pair.modality(route.target).fields
    trained = _Trained(
        route, pair.encoded(route), model.outputs(route.name, fields), _Condition(model.condition)
    )
    return pair.configured({}, trained)
