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

from xmodkit.batching import Batcher
from xmodkit.errors import ModelFileError
from xmodkit.initializers import read_initializers, replace_initializers
from xmodkit.modality import Array, coordinates
from xmodkit.modelfile import ModelFile
from xmodkit.pair import ModalityPair, Options
from xmodkit.pairs import Pairs
from xmodkit.prediction import Derived
from xmodkit.predictor import ModelPredictor

__all__ = ["PairedRows", "Quantiles", "predict_pairs", "read_quantiles", "replace_bounds"]

# A power of two and large: the scale is recovered to its last bits, not as a small difference.
_UNIT = 1024.0

# Per field the factors of its scale that reach below and above the value.
Quantiles = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True)
class PairedRows:
    """Predictions and truths of the rows in which everything is finite.

    Fields are (row, ...); `units` are independent of each other, rows of one unit are not.
    """

    ids: NDArray[np.str_]
    units: NDArray[Any]
    truth: Mapping[str, Array]
    value: Mapping[str, Array]
    scale: Mapping[str, Array]
    novelty: Array
    true_scalars: Mapping[str, Derived]
    scalars: Mapping[str, Derived]

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

    Raise `ModelFileError` if the graph's bounds or its novelty cannot be found.
    """
    route = pair.route(file.metadata.route.name)
    predictor = ModelPredictor(replace(file, data=_opened(file)), device="cpu")
    encoded = [list(pair.encode(sample, route, options)) for sample in pairs.samples]
    owners = [number for number, rows in enumerate(encoded) for _ in rows]
    batcher = Batcher(predictor, inputs=pair.inputs(route, options))
    batch = batcher.run([row for rows in encoded for row in rows])
    found = pair.combine(pairs.samples, batch, owners, route, predictor)
    if found.novelty is None:
        raise ModelFileError(f"{file.path}: gives no novelty: export it again")
    truth, value, scale = {}, {}, {}
    for name in (field.name for field in file.metadata.outputs):
        field = found.fields[name]
        if field.lower is None:
            raise ModelFileError(f"{file.path}: gives no bounds of {name}: export it again")
        truth[name] = np.stack([s.arrays[route.target][name] for s in pairs.samples])
        value[name] = field.value
        scale[name] = (field.value - field.lower) / np.float32(_UNIT)
    known = coordinates(axis for field in found.fields.values() for axis in field.axes)
    good = np.isfinite(found.novelty)
    for arrays in (truth, value, scale):
        for array in arrays.values():
            good &= np.isfinite(array).reshape(len(array), -1).all(axis=1)
    for array in scale.values():
        good &= (array > 0).reshape(len(array), -1).all(axis=1)
    truth, value, scale = (
        {name: array[good] for name, array in arrays.items()} for arrays in (truth, value, scale)
    )
    return PairedRows(
        np.array([sample.id for sample in pairs.samples])[good],
        pairs.units[good],
        truth,
        value,
        scale,
        found.novelty[good],
        pair.derive({**truth, **known}, route) if good.any() else {},
        pair.derive({**value, **known}, route) if good.any() else {},
    )


def read_quantiles(file: ModelFile) -> Quantiles:
    """Return the quantiles that stand in a model file's graph."""
    found = read_initializers(file.data, _names(file))
    return {
        field.name: (found[f"{field.name}_q_lower"], found[f"{field.name}_q_upper"])
        for field in file.metadata.outputs
    }


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


def _names(file: ModelFile) -> list[str]:
    return [f"{f.name}_q_{end}" for f in file.metadata.outputs for end in ("lower", "upper")]
