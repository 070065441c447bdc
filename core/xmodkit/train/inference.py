"""Run a route's graph on raw samples, in batches of equal shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xmodkit.modality import Array, Arrays
from xmodkit.pair import ModalityPair, Route, Sample

__all__ = ["run_samples"]

_BATCH = 64


@torch.no_grad()
def run_samples(
    graph: Callable[..., Mapping[str, Tensor]],
    pair: ModalityPair,
    route: Route,
    samples: Sequence[Sample],
    further: Arrays,
) -> dict[str, Array]:
    """Return what a graph gives for samples, by name, in their order (samples, ...).

    The graph takes the fields of the route's source, each with a batch axis, then `further`
    inputs, the same for all samples.
    """
    names = [field.name for field in pair.modality(route.source).fields]
    rows = [pair.encode(sample, route, {})[0] for sample in samples]
    shapes: dict[Any, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        shapes[tuple(row[name].shape for name in names)].append(i)
    batches = [s[i : i + _BATCH] for s in shapes.values() for i in range(0, len(s), _BATCH)]
    constant = [torch.from_numpy(array) for array in further.values()]
    parts: dict[str, list[Array]] = defaultdict(list)
    for batch in batches:
        feeds = [torch.from_numpy(np.stack([rows[i][name] for i in batch])) for name in names]
        for name, value in graph(*feeds, *constant).items():
            parts[name].append(value.numpy())
    order = np.argsort(np.concatenate(batches))
    return {name: np.concatenate(arrays)[order] for name, arrays in parts.items()}
