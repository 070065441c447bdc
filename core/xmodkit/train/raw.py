"""What a model's raw graph says of samples, before there are bounds, beside their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xmodkit.batching import joined_scalars
from xmodkit.errors import DataError
from xmodkit.measured import measured
from xmodkit.modality import Array, Field, coordinates, stacked
from xmodkit.model import Model
from xmodkit.pair import ModalityPair, Route, Sample
from xmodkit.prediction import Derived
from xmodkit.train.inference import run_samples

__all__ = ["Outcome", "measured_samples", "predict_raw", "predicted_fields"]

_PIECE = 512  # samples of which everything predicted is in memory: an ensemble takes much


@dataclass(frozen=True)
class Outcome:
    """What a raw graph says of some samples, as far as there is a truth, and that truth.

    Samples of one of `groups` average to one measurement; `coordinates` are those of the fields'
    axes, by name; `scalars` are derived from everything predicted, where the route has bounds.
    `unmeasured` is the novelty of samples without a truth: they tell what is familiar all the same.
    """

    truth: Mapping[str, Array]
    value: Mapping[str, Array]
    scale: Mapping[str, Array]
    novelty: Array
    groups: Array
    coordinates: Mapping[str, Array] = field(default_factory=dict)
    scalars: Mapping[str, Derived] = field(default_factory=dict)
    unmeasured: Array = field(default_factory=lambda: np.zeros(0, np.float32))

    def derive(
        self, pair: ModalityPair, route: Route, truths: Mapping[str, Array]
    ) -> Mapping[str, Derived]:
        """Return scalars derived from truths on the coordinates of this outcome."""
        return pair.derive({**truths, **self.coordinates}, route)


def predicted_fields(
    pair: ModalityPair, route: Route, model: Model, like: Sample
) -> tuple[Field, ...]:
    """Return the fields that a model predicts on a route, for samples like this one."""
    return model.outputs(route.name, pair.modality(route.target).at(like.coordinates).fields)


def measured_samples(model: Model, route: Route, samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples of whose target anything was measured (is no NaN)."""
    return [sample for sample in samples if measured(model.target(route.name, sample))]


def predict_raw(
    pair: ModalityPair, route: Route, model: Model, samples: Sequence[Sample]
) -> Outcome:
    """Run a route's raw graph on raw samples; of those without a truth only novelty is kept.

    Further inputs take the model's default. Truths are as the model predicts them; a target
    without truth (a latent) has none. Raise `DataError` if no sample is left.
    """
    truths = [model.target(route.name, sample) for sample in samples]
    known = [i for i, truth in enumerate(truths) if measured(truth)]
    if not known:
        raise DataError(f"{route.name}: of no sample was anything of the {route.target} measured")
    others = [samples[i] for i in range(len(samples)) if i not in set(known)]
    samples, truth = [samples[i] for i in known], stacked([truths[i] for i in known])
    names = {name for field in truth for name in (field, f"{field}_scale")} | {"novelty"}
    fields = predicted_fields(pair, route, model, samples[0])
    axes = coordinates(axis for field in fields for axis in field.axes)
    found, scalars = [], []
    for i in range(0, len(samples), _PIECE):
        raw = _run(pair, route, model, samples[i : i + _PIECE])
        if route.bounds != "none":
            values = {field.name: raw[field.name] for field in fields}
            scalars.append(pair.derive({**values, **axes}, route))
        found.append({name: array for name, array in raw.items() if name in names})
    kept = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return Outcome(
        truth,
        {name: kept[name] for name in truth},
        {name: kept[f"{name}_scale"] for name in truth if f"{name}_scale" in kept},
        kept["novelty"],
        np.array([sample.groups.get(pair.averaged or "", sample.id) for sample in samples]),
        axes,
        {n: joined_scalars([part[n] for part in scalars]) for n in (scalars[0] if scalars else ())},
        _run(pair, route, model, others)["novelty"] if others else np.zeros(0, np.float32),
    )


def _run(
    pair: ModalityPair, route: Route, model: Model, samples: Sequence[Sample]
) -> dict[str, Array]:
    graph = model.graph(route.name).eval()
    return run_samples(graph, pair, route, samples, model.inputs(route.name))
