"""The graph that is exported: a model's route with its calibrated bounds and novelty flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xmodkit.pair import Route

__all__ = ["CalibratedGraph"]


class CalibratedGraph(nn.Module):
    """Adds bounds and the novelty flag to a route's raw graph.

    Bounds are value - scale * lower and value + scale * upper, NaN for novel samples: whoever
    reads them, in any language, sees none where none are promised.
    """

    def __init__(
        self,
        graph: nn.Module,
        route: Route,
        fields: Sequence[str],
        quantiles: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
        threshold: float,
    ) -> None:
        super().__init__()
        self.graph = graph
        self.route = route
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
            tensor = self.route.tensor(field)
            names.append(tensor)
            if field in self.bounded:
                names += [f"{tensor}_lower", f"{tensor}_upper"]
        return (*names, "novelty", "novel", *(["latent"] if self._adds_latent else []))

    def named(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Return every output by its name."""
        return dict(zip(self.outputs, self(*inputs), strict=True))

    @property
    def _adds_latent(self) -> bool:
        """Whether the latent is an output beside the fields: neither one of them nor given."""
        return "latent" not in (*self.fields, *self.route.inputs, self.route.source)

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
        values += [novelty, novel]
        return (*values, raw["latent"]) if self._adds_latent else tuple(values)
