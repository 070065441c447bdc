"""Prove a model file: hashes, schema, opset, stored test vectors, batches and bad input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmodkit.device import available_devices
from xmodkit.errors import DataError, XmodError
from xmodkit.modality import Array, Arrays, Field
from xmodkit.modelfile import ModelFile, read_model_file
from xmodkit.predictor import ModelPredictor

__all__ = ["Check", "verify"]

_ROUNDED = 1e-3  # share of an image's levels that may be off by one


@dataclass(frozen=True)
class Check:
    """One check: what was checked, whether it holds, and what was found.

    What is in the file and cannot be checked is named too, as not `checked`.
    """

    name: str
    ok: bool
    detail: str = ""
    checked: bool = True


def verify(path: Path) -> Iterator[Check]:
    """Yield every check of a model file; a check that fails does not stop the rest it can do."""
    try:
        file = read_model_file(path)
    except XmodError as error:
        yield Check("hashes and schema", False, str(error))
        return
    yield Check("hashes and schema", True, f"graph {file.graph_hash[:12]}, schema complete")
    yield _opset(file)
    if not file.metadata.vectors:
        yield Check("test vectors", False, "none stored: export again")
        return
    for device in available_devices():
        yield from _on_device(file, device)
    if details := file.metadata.details:
        names = ", ".join(sorted(details))
        text = f"{names}: unchanged since the export; no test vector replays a fit that uses them"
        yield Check("details for a solver", True, text, checked=False)


def _opset(file: ModelFile) -> Check:
    written, stated = file.opset, file.metadata.opset
    detail = f"{written} written, {stated} stated"
    return Check("opset", written == stated, detail)


def _on_device(file: ModelFile, device: str) -> Iterator[Check]:
    try:
        predictor = ModelPredictor(file, device=device)
    except XmodError as error:
        yield Check(f"{device}: loads", False, str(error))
        return
    tolerance = file.metadata.tolerances[device.partition(":")[0]]
    for name, check in _checks(predictor, tolerance):
        try:
            detail = check()
            yield Check(f"{device}: {name}", True, detail)
        except Exception as error:  # a graph can fail in any way; that is what is being found out
            yield Check(f"{device}: {name}", False, " ".join(str(error).split()))


def _checks(predictor: ModelPredictor, tolerance: float) -> Iterator[tuple[str, Callable[[], str]]]:
    for number, _ in enumerate(predictor.metadata.vectors):
        yield f"test vector {number}", lambda n=number: _replay(predictor, n, tolerance)  # type: ignore[misc]
    yield "batch 1, 2, N agree", lambda: _batches(predictor, tolerance)
    if any(field.ragged for field in predictor.metadata.further):
        yield "any extent of further inputs", lambda: _extents(predictor)
    yield "extreme values", lambda: _extremes(predictor)
    yield "bad input refused", lambda: _refusals(predictor)


def _replay(predictor: ModelPredictor, number: int, tolerance: float) -> str:
    vector = predictor.metadata.vectors[number]
    found = predictor.run_raw(vector.inputs)
    if set(found) != set(vector.outputs):
        raise DataError(f"outputs {sorted(found)} given, {sorted(vector.outputs)} expected")
    worst = max(
        _difference(name, found[name], vector.outputs[name], _scale(predictor, name))
        for name in found
    )
    if worst > tolerance:
        raise DataError(f"differs by {worst:.1e} of the output's scale, {tolerance:.0e} allowed")
    return f"within {worst:.1e} of the output's scale"


def _batches(predictor: ModelPredictor, tolerance: float) -> str:
    vector = predictor.metadata.vectors[0]
    batched = {field.name for field in predictor.inputs}
    alone = predictor.run_raw(vector.inputs)
    worst = 0.0
    for n in (2, 5):
        feeds = {
            name: np.repeat(array, n, axis=0) if name in batched else array
            for name, array in vector.inputs.items()
        }
        for name, array in predictor.run_raw(feeds).items():
            expected = np.repeat(alone[name], n, axis=0)
            scale = _scale(predictor, name)
            worst = max(worst, _difference(name, array, expected, scale))
    if worst > tolerance:
        raise DataError(f"batches differ by {worst:.1e} of the output's scale")
    return f"within {worst:.1e} of the output's scale"


def _extents(predictor: ModelPredictor) -> str:
    """Feed one place, and one more than in the test vector, along ragged axes; then the default."""
    inputs = predictor.metadata.vectors[0].inputs
    for more in (None, 1):
        further = {
            field.name: np.resize(inputs[field.name], _shape(field, inputs[field.name], more))
            for field in predictor.metadata.further
        }
        predictor.run({f.name: inputs[f.name] for f in predictor.inputs}, **further)
    predictor.run({f.name: inputs[f.name] for f in predictor.inputs})
    return "one, one more than stored, and the default are predicted"


def _shape(field: Field, array: Array, more: int | None) -> tuple[int, ...]:
    """Return an array's extents, those of ragged axes one, or greater by `more`."""
    sizes = zip(field.axes, array.shape, strict=True)
    return tuple(
        size if axis.size is not None else 1 if more is None else size + more
        for axis, size in sizes
    )


def _extremes(predictor: ModelPredictor) -> str:
    """Feed the ends of every field's valid range: values must be finite, or the sample novel.

    A field that is NaN for the test vector itself, which the model declines, may be so here.
    """
    known = predictor.metadata.vectors[0].outputs
    declined = {
        field.name
        for field in predictor.outputs
        if np.isnan(known[predictor.route.tensor(field.name)]).all()
    }
    for end in (0, 1):
        feeds = {
            name: _filled(predictor, name, array, end)
            for name, array in predictor.metadata.vectors[0].inputs.items()
        }
        prediction = predictor.run(
            {f.name: feeds[f.name] for f in predictor.inputs},
            **{n: feeds[n] for n in predictor.route.inputs},
        )
        fields = prediction.fields.items()
        found = [value.value for name, value in fields if name not in declined]
        if prediction.novelty is not None:  # NaN is above no threshold: it would pass as familiar
            found.append(prediction.novelty)
        finite = all(np.isfinite(array).all() for array in found)
        if not finite and not (prediction.novel is not None and prediction.novel.all()):
            raise DataError("not finite and not flagged novel at the ends of the valid range")
    return "finite, or flagged novel"


def _filled(predictor: ModelPredictor, name: str, array: Array, end: int) -> Array:
    field = next((f for f in predictor.inputs if f.name == name), None)
    if field is None or field.valid_range is None:
        return array
    return np.full_like(array, field.valid_range[end])


def _refusals(predictor: ModelPredictor) -> str:
    """Feed NaN, out-of-range values and a wrong dtype: each must be refused, not predicted."""
    inputs = predictor.metadata.vectors[0].inputs
    refused = []
    for field in predictor.inputs:
        for fault, bad in _faults(field, inputs[field.name]):
            feeds: Arrays = {**inputs, field.name: bad}
            try:
                predictor.run(
                    {f.name: feeds[f.name] for f in predictor.inputs},
                    **{n: feeds[n] for n in predictor.route.inputs},
                )
            except DataError:
                refused.append(f"{field.name}: {fault}")
                continue
            raise DataError(f"{field.name}: {fault} was not refused")
    return ", ".join(refused)


def _faults(field: Field, array: Array) -> Iterator[tuple[str, Array]]:
    yield "wrong dtype", array.astype("float64" if field.dtype != "float64" else "int8")
    if array.ndim > 1:
        yield "empty", array[:, :0]
    if field.is_float:
        yield "NaN", np.full_like(array, np.nan)
    if field.valid_range is not None:
        above = field.valid_range[1] + 1
        if field.is_float or above <= np.iinfo(array.dtype).max:
            yield "out of range", np.full_like(array, above)


def _scale(predictor: ModelPredictor, name: str) -> float:
    """Return an output's scale: its largest absolute value that any test vector expects."""
    expected = [np.abs(v.outputs[name].astype(float)) for v in predictor.metadata.vectors]
    finite = np.concatenate([array[np.isfinite(array)] for array in expected])
    return float(finite.max(initial=0.0)) or 1.0


def _difference(name: str, found: Array, expected: Array, scale: float) -> float:
    """Return the largest difference relative to the output's scale; NaN must match.

    A few levels may be one off, a tie rounded the other way. Of images with two levels only, 0 and
    255, it is the share that differs: where a model decides, rounding errors may turn a tie.
    Infinite values (bounds without an end) differ by nothing or by infinity.
    """
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise DataError(
            f"{name}: {found.dtype} {found.shape} given, {expected.dtype} {expected.shape} expected"
        )
    if expected.dtype == np.uint8:  # levels: a tie may be rounded either way, elsewhere too
        if np.isin([found, expected], (0, 255)).all():
            return float((found != expected).mean())
        off = np.abs(found.astype(int) - expected.astype(int))
        return 0.0 if off.max() <= 1 and off.mean() <= _ROUNDED else float("inf")
    if not np.issubdtype(expected.dtype, np.floating):
        return float("inf") if np.any(found != expected) else 0.0
    if not np.array_equal(np.isnan(found), np.isnan(expected)):
        raise DataError(f"{name}: NaN where none is expected, or the other way round")
    other = ~np.isnan(expected) & (found != expected)
    return float(np.abs(found[other] - expected[other]).max(initial=0.0)) / scale
