"""The interface of a learned map: networks, stages of training, and the graph of each route."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xmodkit.modality import Array
    from xmodkit.pair import Sample

__all__ = ["Model", "Stage"]


@dataclass(frozen=True)
class Stage:
    """One stage of training: which networks learn, for how long and how fast.

    The learning rate falls to zero along a cosine. `networks` names attributes of
    `Model.networks`; all others are frozen.
    """

    name: str
    networks: tuple[str, ...]
    epochs: int
    learning_rate: float = 1e-3
    batch_size: int = 128
    weight_decay: float = 0.0


class Model(ABC):
    """A learned map between two modalities (training side: torch).

    `networks` is a ModuleDict: what is optimised and saved. Raw samples pass through `prepare`
    once and are kept in memory; `loss` sees batches of what it returned.
    """

    name: ClassVar[str]
    routes: ClassVar[tuple[str, ...]]
    stages: tuple[Stage, ...]
    networks: nn.ModuleDict

    @abstractmethod
    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the arrays of one sample that training needs, of equal shape for all samples."""

    @abstractmethod
    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a batch in a stage, a scalar."""

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:  # noqa: B027
        """Set what a stage needs from the training rows (means, scales) before it starts."""

    def rows(self, stage: str, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return what a stage's loss sees of prepared rows: latents of a frozen encoder, say."""
        return arrays

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:  # noqa: B027
        """Fit what is not learned by gradient (statistics of the latent) after a stage."""

    @abstractmethod
    def graph(self, route: str) -> nn.Module:
        """Return the module of a route.

        It takes the raw fields of the route's source in order, each with a batch axis, and
        returns a mapping: each target field's value under its name, its relative error under
        `<field>_scale` (where bounds are wanted), `novelty` (N,) and `latent` (N, k).
        """
