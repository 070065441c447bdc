"""Run a route's graph on raw samples, in batches of equal or padded shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from xmodkit.batching import groups_of_shape, padded
from xmodkit.modality import Array, Arrays
from xmodkit.pair import ModalityPair, Route, Sample

__all__ = ["run_samples"]


@torch.no_grad()
def run_samples(
    graph: Callable[..., Mapping[str, Tensor]],
    pair: ModalityPair,
    route: Route,
    samples: Sequence[Sample],
    further: Arrays,
) -> dict[str, Array]:
    """Return what a graph gives for samples, by name, in their order (samples, ...).

    The graph takes the fields that the pair encodes for the route, each with a batch axis, then
    `further` inputs, the same for all samples.
    """
    fields = pair.encoded(route)
    rows = [pair.encode(sample, route, {})[0] for sample in samples]
    shapes = groups_of_shape(fields, rows)
    size = pair.batch_size
    batches = [s[i : i + size] for s in shapes for i in range(0, len(s), size)]
    constant = [torch.from_numpy(np.asarray(further[name])) for name in route.inputs]
    parts: dict[str, list[Array]] = defaultdict(list)
    for batch in batches:
        taken = [rows[i] for i in batch]
        feeds = [padded(field, [row[field.name] for row in taken]) for field in fields]
        for name, value in graph(*map(torch.from_numpy, feeds), *constant).items():
            parts[name].append(value.numpy())
    order = np.argsort(np.concatenate(batches))
    return {name: np.concatenate(arrays)[order] for name, arrays in parts.items()}
