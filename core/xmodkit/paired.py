"""What a model file says of measured pairs, beside their truth: values, scales, novelty.

Bounds in a graph are value -+ scale * quantile, NaN for novel rows. A temporary copy with one
quantile for all and no novelty threshold gives every row's scale, novel or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit import measured
from xmodkit.batching import Batcher
from xmodkit.errors import InputError, ModelFileError
from xmodkit.initializers import read_initializers, replace_initializers
from xmodkit.modality import Array, coordinates, stacked
from xmodkit.modelfile import ModelFile
from xmodkit.pair import ModalityPair, Options
from xmodkit.pairs import Pairs
from xmodkit.prediction import Derived
from xmodkit.predictor import ModelPredictor
from xmodkit.scores import flat

__all__ = ["PairedRows", "Quantiles", "predict_pairs", "read_quantiles", "replace_bounds"]

# A power of two and large: the scale is recovered to its last bits, not as a small difference.
_UNIT = 1024.0

# Per field the factors of its scale that reach below and above the value.
Quantiles = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True)
class PairedRows:
    """Predictions and truths of the rows in which everything predicted is finite.

    Fields are those with bounds (row, ...), NaN in a truth where it was not measured; `units` are
    independent of each other, rows of one unit are not.
    """

    ids: NDArray[np.str_]
    units: NDArray[Any]
    truth: Mapping[str, Array]
    value: Mapping[str, Array]
    scale: Mapping[str, Array]
    novelty: Array
    true_scalars: Mapping[str, Derived]
    scalars: Mapping[str, Derived]
    scalar_rows: Mapping[str, NDArray[np.bool_]]

    @property
    def independent(self) -> int:
        """How many units there are."""
        return len(np.unique(self.units))

    def bounds(self, quantiles: Quantiles, name: str) -> tuple[Array, Array]:
        """Return the lower and upper bounds of a field, of novel rows too."""
        lower, upper = quantiles[name]
        value, scale = self.value[name], self.scale[name]
        return value - scale * lower, value + scale * upper


def predict_pairs(
    file: ModelFile, pair: ModalityPair, pairs: Pairs, options: Options
) -> PairedRows:
    """Predict at least one pair on the CPU and leave out rows with anything that is not finite.

    So are rows of which nothing that has bounds was measured. Raise `ModelFileError` if the graph's
    bounds or its novelty cannot be found, `InputError` if pairs lack a truth of what has bounds.
    """
    route = pair.route(file.metadata.route.name)
    predictor = ModelPredictor(replace(file, data=_opened(file)), device="cpu")
    encoded = [list(pair.encode(sample, route, options)) for sample in pairs.samples]
    owners = [number for number, rows in enumerate(encoded) for _ in rows]
    batcher = Batcher(predictor, pair.batch_size, pair.inputs(route, options))
    batch = batcher.run([row for rows in encoded for row in rows])
    found = pair.combine(pairs.samples, batch, owners, route, predictor)
    if found.novelty is None:
        raise ModelFileError(f"{file.path}: gives no novelty: export it again")
    if not predictor.bounded:
        raise ModelFileError(f"{file.path}: gives no bounds of anything: export it again")
    truths = stacked([pair.truths(sample, route) for sample in pairs.samples])
    values = {name: field.value for name, field in found.fields.items()}
    names = [field.name for field in predictor.bounded]
    if missing := [name for name in names if name not in truths]:
        raise InputError(f"{', '.join(missing)}: has bounds, and these pairs hold no truth of it")
    scale = {name: (values[name] - found.fields[name].lower) / np.float32(_UNIT) for name in names}
    known = coordinates(axis for field in found.fields.values() for axis in field.axes)
    good = _good(found.novelty, *(table[name] for name in names for table in (values, scale)))
    good &= np.any([measured.rows(truths[name]) for name in names], axis=0)
    for name in names:
        good &= ~np.isinf(flat(truths[name])).any(axis=1) & (flat(scale[name]) > 0).all(axis=1)
    truths, values = (
        {name: array[good] for name, array in arrays.items()} for arrays in (truths, values)
    )
    true_scalars = pair.derive({**truths, **known}, route) if good.any() else {}
    return PairedRows(
        np.array([sample.id for sample in pairs.samples])[good],
        pairs.units[good],
        {name: truths[name] for name in names},
        {name: values[name] for name in names},
        {name: array[good] for name, array in scale.items()},
        found.novelty[good],
        true_scalars,
        pair.derive({**values, **known}, route) if good.any() else {},
        {n: measured.scalar_rows(s.value, truths) for n, s in true_scalars.items()},
    )


def _good(*arrays: Array) -> NDArray[np.bool_]:
    """Say of each row whether all of it is finite."""
    found: NDArray[np.bool_] = np.isfinite(np.hstack([flat(array) for array in arrays])).all(axis=1)
    return found


def read_quantiles(file: ModelFile) -> Quantiles:
    """Return the quantiles that stand in a model file's graph."""
    names = [field.name for field in ModelPredictor(file, device="cpu").bounded]
    found = read_initializers(
        file.data, [f"{name}_q_{end}" for name in names for end in ("lower", "upper")]
    )
    return {name: (found[f"{name}_q_lower"], found[f"{name}_q_upper"]) for name in names}


def replace_bounds(file: ModelFile, quantiles: Quantiles, threshold: float) -> bytes:
    """Return the file's model with other quantiles and another novelty threshold."""
    arrays = {"threshold": np.array(threshold, np.float32)}
    for name, (lower, upper) in quantiles.items():
        arrays |= {f"{name}_q_lower": lower, f"{name}_q_upper": upper}
    return replace_initializers(file.data, arrays)


def _opened(file: ModelFile) -> bytes:
    unit = {
        name: (np.full_like(lower, _UNIT), np.full_like(upper, _UNIT))
        for name, (lower, upper) in read_quantiles(file).items()
    }
    return replace_bounds(file, unit, np.inf)
