"""Run a route's graph on raw samples, in batches of equal or padded shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from xmodkit.batching import groups_of_shape, padded
from xmodkit.modality import Array, Arrays, Field
from xmodkit.pair import ModalityPair, Route, Sample

__all__ = ["run_samples"]


@torch.no_grad()
def run_samples(
    graph: Callable[..., Mapping[str, Tensor]],
    pair: ModalityPair,
    route: Route,
    samples: Sequence[Sample],
    further: Arrays,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Array]:
    """Return what a graph gives for samples, by name, in their order (samples, ...).

    The graph takes the fields that the pair encodes for the route, each with a batch axis, then
    `further` inputs, the same for all samples. `progress` is told how many samples are done, of how
    many.
    """
    fields = pair.encoded(route)
    constant = [torch.from_numpy(np.asarray(further[name])) for name in route.inputs]
    parts: dict[str, list[Array]] = defaultdict(list)
    places: list[int] = []
    for batch, rows in _batches(pair, route, fields, samples):
        feeds = [padded(field, [row[field.name] for row in rows]) for field in fields]
        for name, value in graph(*map(torch.from_numpy, feeds), *constant).items():
            parts[name].append(value.numpy())
        places += batch
        progress(len(places), len(samples))
    order = np.argsort(places)
    return {name: np.concatenate(arrays)[order] for name, arrays in parts.items()}


def _batches(
    pair: ModalityPair, route: Route, fields: Sequence[Field], samples: Sequence[Sample]
) -> Iterator[tuple[list[int], list[Arrays]]]:
    """Yield places and encoded rows: in order, or grouped by shape where fields are ragged."""
    size = pair.batch_size
    if not any(field.ragged for field in fields):
        for i in range(0, len(samples), size):
            rows = [pair.encode(sample, route, {})[0] for sample in samples[i : i + size]]
            yield list(range(i, i + len(rows))), rows
        return
    rows = [pair.encode(sample, route, {})[0] for sample in samples]
    for group in groups_of_shape(fields, rows):
        for i in range(0, len(group), size):
            batch = [int(place) for place in group[i : i + size]]
            yield batch, [rows[place] for place in batch]
