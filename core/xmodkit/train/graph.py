"""The graph that is exported: a model's route with its calibrated bounds and novelty flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["CalibratedGraph"]


class CalibratedGraph(nn.Module):
    """Adds bounds and the novelty flag to a route's raw graph.

    Bounds are value - scale * lower and value + scale * upper, NaN for novel samples: whoever
    reads them, in any language, sees none where none are promised.
    """

    def __init__(
        self,
        graph: nn.Module,
        fields: Sequence[str],
        quantiles: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
        threshold: float,
    ) -> None:
        super().__init__()
        self.graph = graph
        self.fields = tuple(fields)
        self.bounded = frozenset(quantiles)
        self.register_buffer("threshold", torch.tensor(threshold, dtype=torch.float32))
        for name, (lower, upper) in quantiles.items():
            self.register_buffer(f"{name}_q_lower", torch.from_numpy(lower))
            self.register_buffer(f"{name}_q_upper", torch.from_numpy(upper))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what `forward` returns, in order."""
        names: list[str] = []
        for field in self.fields:
            names.append(field)
            if field in self.bounded:
                names += [f"{field}_lower", f"{field}_upper"]
        return (*names, "novelty", "novel", "latent")

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return every output for a batch of raw inputs, as `outputs` names them."""
        raw = self.graph(*inputs)
        novelty = raw["novelty"]
        novel = ~(novelty <= self.threshold)  # (N,); a novelty of NaN is novel
        values: list[Tensor] = []
        for field in self.fields:
            value = raw[field]  # (N, ...)
            values.append(value)
            if field in self.bounded:
                scale = raw[f"{field}_scale"]
                hidden = novel.reshape(-1, *[1] * (value.ndim - 1))
                nothing = torch.full_like(value, torch.nan)
                lower = value - scale * self.get_buffer(f"{field}_q_lower")
                upper = value + scale * self.get_buffer(f"{field}_q_upper")
                values += [torch.where(hidden, nothing, lower), torch.where(hidden, nothing, upper)]
        return (*values, novelty, novel, raw["latent"])
