"""The interface of a learned map: networks, stages of training, and the graph of each route."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from xmodkit.modality import Field, field_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xmodkit.modality import Array
    from xmodkit.pair import Options, Route, Sample

__all__ = ["Model", "Stage"]


@dataclass(frozen=True)
class Stage:
    """One stage of training: which networks learn, for how long, how fast, and when to stop.

    `networks` names attributes of `Model.networks`; all others are frozen. The learning rate falls
    to zero along a cosine, or stays `constant`. Training stops early once the validation loss has
    not fallen for `patience` epochs. Gradients are clipped to a norm of `clip` times the root of
    the number of parameter tensors. `keep` says whose weights stay, the best epoch's by validation
    loss, or the last one's, where losses do not tell (adversarial, annealed): nothing then stops
    early.
    """

    name: str
    networks: tuple[str, ...]
    epochs: int
    learning_rate: float = 1e-3
    batch_size: int = 128
    weight_decay: float = 0.0
    optimiser: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "constant"] = "cosine"
    patience: int | None = None
    clip: float = 10.0
    keep: Literal["best", "last"] = "best"


class Model(ABC):
    """A learned map between two modalities (training side: torch).

    `networks` is a ModuleDict: what is optimised and saved. Raw samples pass through `prepare`
    once and are kept in memory; `loss` sees batches of what it returned. `routes` is what it
    offers, the one it is trained for first; `notes` are sentences for the card of its files;
    `condition` is what its files are for beside the route (`{"absorber": "S"}`). A model that the
    data shape is made as `cls(**shape)` and may set all three for itself.
    """

    name: ClassVar[str]
    routes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    condition: Mapping[str, str] = MappingProxyType({})
    stages: tuple[Stage, ...]
    networks: nn.ModuleDict

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return the constructor's arguments for data like this sample, as plain JSON values.

        `options` are the pair's own for the command `train`. A run keeps what is returned.
        """
        return {}

    @abstractmethod
    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the arrays of one sample that training needs, of equal shape for all samples.

        What is called as a field that a route predicts holds its truth unchanged.
        """

    @abstractmethod
    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a batch in a stage, a scalar."""

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:  # noqa: B027
        """Set what a stage needs from the training rows (means, scales) before it starts.

        A resumed training calls it again, with the weights as they were then, for the stage that
        was interrupted alone: what later stages need belongs into `networks`, as a buffer.
        """

    def start_epoch(self, stage: str, epoch: int) -> None:  # noqa: B027
        """Set what changes from epoch to epoch (from 1) before one is trained: a weight, annealed.

        The number is all that it gets: a resumed training goes on with the next one.
        """

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return what a stage's loss sees of prepared rows, row for row: frozen latents, say."""
        return arrays

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:  # noqa: B027
        """Fit what is not learned by gradient (statistics of the latent) after a stage."""

    def target(self, route: str, sample: Sample) -> Mapping[str, Array]:
        """Return the truth of a route as the model predicts it, of equal shape for all samples.

        What has no truth (a latent) is left out and not scored. NaN is what was not measured: it
        counts neither for bounds nor for scores.
        """
        return sample.arrays.get(route.partition(":")[2], {})

    def inputs(self, route: str, sample: Sample | None = None) -> Mapping[str, Array]:
        """Return a route's further inputs, without a batch axis: a sample's own, or the default.

        The default is what a model file takes where nothing is given. A sample's own stand in the
        test vectors: they show what these inputs may be, and differ between samples.
        """
        return {}

    def input_fields(self, route: str) -> tuple[Field, ...]:
        """Describe a route's further inputs, which have no batch axis, in the route's order.

        By default they have the extents of the model's default. A ragged axis takes any extent:
        test vectors then hold samples' own inputs alone, since the default may be long.
        """
        return tuple(field_of(name, array) for name, array in self.inputs(route).items())

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return what a route predicts: the target's fields, and any that the model adds to them.

        Ragged axes get the extents that this model gives them; those that samples close by their
        coordinates are closed in `fields` already. Names are unique in a graph, inputs included.
        """
        return fields

    def tolerances(self, route: str) -> Mapping[str, float]:
        """Return how far other runtimes' outputs may lie from torch's, by execution provider.

        Relative to an output's scale; of images of two levels the share of pixels that may differ.
        Models that decide pixel by pixel need more than the default.
        """
        return {"cpu": 1e-5, "cuda": 1e-3}

    def details(self, route: str, held: Sequence[Sample]) -> Mapping[str, Any]:
        """Return what a pair's solver needs beside the graph of a route, as plain JSON values.

        `held` are calibration rows, which nothing was learned from; of a cross-fitted model, which
        learns from every row, they are rows that it knows.
        """
        return {}

    @abstractmethod
    def graph(self, route: str) -> nn.Module:
        """Return the module of a route.

        It takes the raw fields of the route's source in order, each with a batch axis, then the
        further inputs, and returns a mapping: each field's value (`outputs`) under its name, its
        relative error under `<field>_scale` (where bounds are wanted), `novelty` (N,) and, unless
        it is an input, `latent` (N, k).
        """
