"""What a judged run is made of: test rows, predictions, peers; and what a report shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.measured import mean, scalar_rows
from xmodkit.modality import Array, Arrays, coordinates, stacked
from xmodkit.prediction import Derived, Prediction
from xmodkit.scores import flat

if TYPE_CHECKING:
    from xmodkit.model import Model
    from xmodkit.pair import ModalityPair, Route, Sample

__all__ = ["TRAINING_MEAN", "Candidate", "Evaluation", "Figure", "Row"]

TRAINING_MEAN = "training mean"


@dataclass(frozen=True)
class Candidate:
    """A trained run that is judged or compared with: its settings, losses and predictions.

    `routes` names what it offers; `predict` takes one of them, samples, and the sample whose
    further inputs (a latent) hold for all, or None: the model's default. `losses` are the rows of
    its loss table: stage, epoch, training, validation.
    """

    name: str
    settings: Mapping[str, Any]
    routes: tuple[str, ...]
    losses: Sequence[Mapping[str, Any]]
    model: Model
    predict: Callable[[str, Sequence[Sample], Sample | None], Prediction]

    def targets(self, route: str, samples: Sequence[Sample]) -> dict[str, Array]:
        """Return the truths of samples (samples, ...) as the model predicts them, as float32."""
        truths = stacked([self.model.target(route, sample) for sample in samples])
        return {name: truth.astype(np.float32, copy=False) for name, truth in truths.items()}

    @property
    def parameters(self) -> int:
        """How many parameters it has."""
        return int(sum(self.settings["parameters"].values()))


@dataclass(frozen=True)
class Row:
    """One line of the summary: a quantity, its value for each peer, and what was published."""

    quantity: str
    values: Mapping[str, float | None]
    unit: str = ""
    published: str = ""


@dataclass(frozen=True)
class Figure:
    """One picture of a report, with its numbers and the lines it adds to the summary.

    `picture` is a PNG file. The caption says what is drawn; data, split, seed and number of
    samples are added by the report. `section` is the heading it stands under.
    """

    name: str
    title: str
    caption: str
    picture: bytes
    section: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A run judged on samples it never saw, on one route.

    `runs` starts with the judged run. `peers` holds predicted fields (samples, ...) by name: every
    run that offers the route, then baselines without a network, then the training mean. A peer may
    lack fields: it is scored on what it has (`offered`).
    `prediction` is the judged run's, with bounds; `truth` holds the target's fields. `reference`
    are training samples, none if the store holds none: the samples themselves then stand in for
    them. `seen` says of each kind of group whether a sample's was trained on;
    `groups` names them. `left_out` counts the rows of the store that were not judged, by reason.
    """

    pair: ModalityPair
    route: Route
    runs: tuple[Candidate, ...]
    samples: Sequence[Sample]
    truth: Arrays
    prediction: Prediction
    peers: Mapping[str, Arrays]
    reference: Sequence[Sample]
    groups: Mapping[str, NDArray[np.str_]]
    seen: Mapping[str, NDArray[np.bool_]]
    left_out: Mapping[str, int]
    store: str
    rows: str
    coverage: float
    bounds_source: str
    seed: int = 0

    @property
    def run(self) -> Candidate:
        """The judged run."""
        return self.runs[0]

    @property
    def field(self) -> str:
        """The name of the route's first field, the one whose error is the loss."""
        return next(iter(self.truth))

    @property
    def simulated(self) -> bool:
        """Whether any sample judged or trained on was simulated."""
        known = any(sample.metadata.get("simulated") for sample in self.samples)
        return known or self.run.settings["data"]["source"] == "simulated"

    @cached_property
    def derived_truth(self) -> Mapping[str, Derived]:
        """Scalars derived from the measured fields."""
        return self._derive(self.truth)

    @cached_property
    def derived_peers(self) -> Mapping[str, Mapping[str, Array]]:
        """Values of the derived scalars of each peer; of the training mean, their median."""
        found = {
            name: {k: d.value for k, d in self._derive(fields).items()}
            for name, fields in self.peers.items()
            if name != TRAINING_MEAN
        }
        medians = {
            name: np.full(len(self.samples), np.nanmedian(scalar.value), np.float32)
            for name, scalar in self.derived_reference.items()
        }
        return {**found, TRAINING_MEAN: medians}

    @cached_property
    def reference_truth(self) -> Arrays:
        """The target's fields of the training samples."""
        return self.run.targets(self.route.name, self.reference) if self.reference else self.truth

    @cached_property
    def derived_reference(self) -> Mapping[str, Derived]:
        """Scalars derived from the training samples' fields."""
        return self._derive(self.reference_truth)

    def _derive(self, fields: Arrays) -> Mapping[str, Derived]:
        """Return scalars derived from fields on the coordinates of the prediction."""
        axes = (axis for value in self.prediction.fields.values() for axis in value.axes)
        return self.pair.derive({**fields, **coordinates(axes)}, self.route)

    @cached_property
    def loss(self) -> Array:
        """Mean squared error of each sample's first field (samples,)."""
        return self.loss_of(self.run.name)

    def loss_of(self, peer: str) -> Array:
        """Return the mean squared error of each sample's first field for a peer (samples,).

        It is NaN where nothing of that field was measured, or where the route has no truth.
        """
        if not self.truth:
            return np.full(len(self.samples), np.nan)
        truth, value = flat(self.truth[self.field]), flat(self.peers[peer][self.field])
        loss: Array = mean((value - truth) ** 2, axis=1, known=~np.isnan(truth))
        return loss

    def offered(self, field: str) -> dict[str, Array]:
        """Return a field as each peer that predicts it does, by the peers' names."""
        return {peer: fields[field] for peer, fields in self.peers.items() if field in fields}

    def scalar_rows(self, name: str) -> NDArray[np.bool_]:
        """Say of each sample whether the truth of a derived scalar is known."""
        return scalar_rows(self.derived_truth[name].value, self.truth)

    def offering(self, route: str) -> Iterator[Candidate]:
        """Yield the runs, the judged one first, that offer a route."""
        return (run for run in self.runs if route in run.routes)

    def at(self, rows: Array) -> Evaluation:
        """Return the same evaluation of some of its samples."""
        return replace(
            self,
            samples=[self.samples[i] for i in np.arange(len(self.samples))[rows]],
            truth={name: array[rows] for name, array in self.truth.items()},
            prediction=self.prediction[rows],
            peers={n: {k: a[rows] for k, a in fs.items()} for n, fs in self.peers.items()},
            groups={name: array[rows] for name, array in self.groups.items()},
            seen={name: array[rows] for name, array in self.seen.items()},
        )
