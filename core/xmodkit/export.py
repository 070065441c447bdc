"""The interface of an exporter: a trained graph in, a file that the instrument runs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from xmodkit.modality import Arrays, Field

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Exporter"]


class Exporter(Protocol):
    """Turns a graph into serialised bytes. Metadata and hashes are added by core."""

    name: str
    opset: int

    def __call__(
        self,
        graph: nn.Module,
        inputs: Sequence[Field],
        outputs: Sequence[str],
        example: Arrays,
        scalars: Sequence[Field] = (),
    ) -> bytes:
        """Return the graph serialised, with inputs named after fields and these output names."""
        ...
