"""Export a graph to ONNX: one file, raw arrays in, every batch size and ragged extent.

The bytes depend on the weights and the versions of the libraries alone: stack traces and source
paths, which torch writes into every node, are taken out. Metadata is added by core.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from xmodkit.errors import MissingExtraError, ModelFileError, UsageError
from xmodkit.modality import Array, Arrays, Field

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto
    from torch import nn

__all__ = ["OPSET", "check_parity", "to_onnx"]

OPSET = 20
_BATCH = "batch"  # the name of the leading axis

# Loggers that report at every export what is not installed, and conversions that `_check` judges.
_CHATTER = (
    "torch.onnx._internal.exporter._registration",
    "torch.onnx._internal.exporter._compat",
    "onnxscript.version_converter",
)


def to_onnx(
    module: nn.Module,
    inputs: Sequence[Field],
    outputs: Sequence[str],
    example: Arrays,
    scalars: Sequence[Field] = (),
    *,
    opset: int = OPSET,
) -> bytes:
    """Return `module` as a serialised ONNX model.

    `module.forward` takes one tensor per field of `inputs`, with a leading batch axis, then one
    per field of `scalars` (no batch: a `seed`, a latent that all samples share). It returns a
    mapping that holds `outputs`, a sequence in their order, or one tensor. `example` holds an
    array for each input. Batch and ragged axes stay dynamic and carry their names. The module, on
    the CPU, is put into evaluation mode.

    Raise `DataError` if the example does not fit its fields, `UsageError` if an extent of its
    ragged axes is 1 (torch would fix it), and `ModelFileError` if the exporter wrote another
    opset, other names or other operators than standard ones.
    """
    names = [field.name for field in (*inputs, *scalars)]
    if shared := {*names} & {*outputs}:
        raise UsageError(f"{sorted(shared)} given as inputs and as outputs; give each its own name")
    arguments = [_example(field, example, batched=True) for field in inputs]
    arguments += [_example(field, example, batched=False) for field in scalars]
    model = _export(
        _in_order(module, outputs),
        tuple(arguments),
        dynamic_shapes=(
            (
                *(_dynamic_axes(field, batched=True) for field in inputs),
                *(_dynamic_axes(field, batched=False) for field in scalars),
            ),
        ),
        input_names=names,
        output_names=list(outputs),
        opset_version=opset,
    )
    _strip(model)
    _drop_unused(model.graph)
    _name_axes(model, inputs, scalars)
    _check(model, names, list(outputs), opset)
    return bytes(model.SerializeToString(deterministic=True))


def check_parity(
    module: nn.Module, data: bytes, feeds: Arrays, batches: Sequence[int] = (1, 3, 17)
) -> float:
    """Return the largest error of the exported model against torch, relative to each output.

    `feeds` holds the inputs by name: arrays with a leading batch axis, whose rows are repeated to
    fill each batch size, and what has none. The scale of an output is its largest absolute value.
    NaN or infinity must stand in the same places, or the error is infinite.
    """
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    ordered = _in_order(module, outputs)
    worst = 0.0
    for size in batches:
        batch = {
            entry.name: _repeat_rows(feeds[entry.name], size)
            if _is_batched(entry.shape)
            else feeds[entry.name]
            for entry in session.get_inputs()
        }
        with torch.no_grad():
            expected = ordered(*(torch.tensor(array) for array in batch.values()))
        for want, got in zip(expected, session.run(outputs, batch), strict=True):
            worst = max(worst, _relative_error(want.numpy(), np.asarray(got)))
    return worst


def _in_order(module: nn.Module, outputs: Sequence[str]) -> nn.Module:
    """Wrap `module`, in evaluation mode, so that it returns a tuple in the order of `outputs`."""
    try:
        from torch import Tensor, nn
    except ImportError:
        raise MissingExtraError("exporting a model", "torch", "train") from None

    class InOrder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = module

        def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
            result = self.network(*tensors)
            if isinstance(result, Mapping):
                return tuple(result[name] for name in outputs)
            return (result,) if isinstance(result, Tensor) else tuple(result)

    return InOrder().eval()


def _example(field: Field, example: Arrays, *, batched: bool) -> Array:
    """Return a field's example; a batch of one is doubled, because torch fixes an extent of 1."""
    if field.name not in example:
        raise UsageError(f"no example given for input {field.name!r}; give one array per input")
    array = field.check(np.asarray(example[field.name]), batched=batched)
    for axis, size in zip(field.axes, array.shape[batched:], strict=True):
        if axis.size is None and size == 1:
            raise UsageError(
                f"{field.name}: example of extent 1 given along ragged axis {axis.name!r}; "
                "give 2 or more"
            )
    return _repeat_rows(array, max(2, len(array))) if batched else array


def _repeat_rows(array: Array, size: int) -> Array:
    """Return the first `size` rows, starting again after the last."""
    return np.take(array, np.arange(size), axis=0, mode="wrap")


def _is_batched(shape: Sequence[int | str]) -> bool:
    return bool(shape) and str(shape[0]).endswith(_BATCH)


def _dynamic_axes(field: Field, *, batched: bool) -> dict[int, Any]:
    """Return torch's mark for the batch axis and every ragged axis of a field."""
    from torch.export import Dim

    ragged = [i for i, axis in enumerate(field.axes, start=batched) if axis.size is None]
    return dict.fromkeys([0, *ragged] if batched else ragged, Dim.DYNAMIC)


def _export(module: nn.Module, arguments: tuple[Array, ...], **options: Any) -> ModelProto:
    import torch

    for library in ("onnx", "onnxscript"):
        if find_spec(library) is None:
            raise MissingExtraError("exporting a model", library, "train")
    try:
        with _without_chatter(), torch.no_grad():
            program = torch.onnx.export(
                module,
                tuple(torch.tensor(array) for array in arguments),
                dynamo=True,
                external_data=False,
                verbose=False,
                **options,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise ModelFileError(f"torch cannot export the graph: {reason}") from error
    if program is None:
        raise ModelFileError("torch exported nothing; a newer torch is needed")
    return program.model_proto


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Silence what torch says at every export; errors are raised, and pass."""
    loggers = [logging.getLogger(name) for name in _CHATTER]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _strip(message: Any) -> None:
    """Remove notes of the exporter, in branches too: stack traces, source paths, inner shapes."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props", "value_info"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                _strip(part)


def _drop_unused(graph: GraphProto) -> set[str]:
    """Remove initializers that no node reads, of which onnxruntime warns; return what is read."""
    used = {entry.name for entry in graph.output}
    for node in graph.node:
        used.update(node.input)
        for attribute in node.attribute:
            for branch in (attribute.g, *attribute.graphs):
                used |= _drop_unused(branch)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    return used


def _name_axes(model: ModelProto, inputs: Sequence[Field], scalars: Sequence[Field]) -> None:
    """Give dynamic axes the names of their fields' axes instead of torch's symbols."""
    names: dict[str, str] = {}
    leading = [_BATCH] * len(inputs) + [None] * len(scalars)
    for field, first, entry in zip((*inputs, *scalars), leading, model.graph.input, strict=False):
        axes = [*([first] if first else []), *(axis.name for axis in field.axes)]
        for name, dim in zip(axes, entry.type.tensor_type.shape.dim, strict=True):
            if dim.dim_param and dim.dim_param not in names:
                taken = name in names.values()
                names[dim.dim_param] = f"{field.name}_{name}" if taken else name
    for entry in (*model.graph.input, *model.graph.output):
        for dim in entry.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = re.sub(
                    r"\w+", lambda match: names.get(match[0], match[0]), dim.dim_param
                )


def _check(model: ModelProto, inputs: list[str], outputs: list[str], opset: int) -> None:
    """Raise `ModelFileError` unless the model is valid and is what was asked for."""
    import onnx

    written = {entry.domain: entry.version for entry in model.opset_import}
    if written != {"": opset}:
        raise ModelFileError(
            f"opset {opset} asked, torch wrote {written}; ask for another, such as {OPSET}"
        )
    names = [entry.name for entry in model.graph.input], [e.name for e in model.graph.output]
    if names != (inputs, outputs):
        raise ModelFileError(
            f"inputs {inputs} and outputs {outputs} asked, torch wrote {names[0]} and {names[1]}; "
            "give one name per tensor"
        )
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = " ".join(str(error).split())
        raise ModelFileError(f"torch wrote an invalid model: {reason}") from error


def _relative_error(want: Array, got: Array) -> float:
    """Return the largest difference over the largest absolute finite value of `want`."""
    if want.shape != got.shape or want.dtype != got.dtype:
        raise ModelFileError(
            f"the model returns {got.dtype}{list(got.shape)}, torch {want.dtype}{list(want.shape)}"
        )
    a, b = want.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(a)
    if (
        not np.array_equal(a[~finite], b[~finite], equal_nan=True)
        or not np.isfinite(b[finite]).all()
    ):
        return float("inf")
    scale = np.abs(a[finite]).max(initial=0.0) or 1.0
    return float(np.abs(a[finite] - b[finite]).max(initial=0.0) / scale)
