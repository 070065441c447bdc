"""The entry point of the ONNX exporter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xmodkit.hooks import hookimpl
from xmodkit.modality import Arrays, Field
from xmodkit_exporters.onnx import OPSET, to_onnx

if TYPE_CHECKING:
    from torch import nn

__all__ = ["OnnxExporter", "xmodkit_exporter", "xmodkit_hookspec"]

xmodkit_hookspec = 1


class OnnxExporter:
    """Exports a graph to ONNX."""

    name = "onnx"
    opset = OPSET

    def __call__(
        self,
        graph: nn.Module,
        inputs: Sequence[Field],
        outputs: Sequence[str],
        example: Arrays,
        scalars: Sequence[Field] = (),
    ) -> bytes:
        """Return the graph as one serialised ONNX model."""
        return to_onnx(graph, inputs, outputs, example, scalars)


@hookimpl
def xmodkit_exporter() -> OnnxExporter:
    """Return the ONNX exporter."""
    return OnnxExporter()
