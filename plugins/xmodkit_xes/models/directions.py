"""Emulator-based component analysis: which directions of feature space a network responds to.

The analysis of arXiv:2312.12967, written anew: each vector is free of those before it by
construction, its optimiser starts afresh, and what counts is the error over all training rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from xmodkit_xes.models.blocks import Mlp
from xmodkit_xes.models.search import unexplained

__all__ = ["directions", "folded"]

_STARTS = 8
_STEPS = 160
_RATE = 0.05
_BATCH = 256


def directions(emulator: Mlp, x: Tensor, y: Tensor, k: int) -> Tensor:
    """Return orthonormal vectors V (k, n) by which an emulator (one copy) covers most variance.

    One after the other, each makes the most of what the emulator says of features (N, n) projected
    on it and those before: it minimises |y - emulator(x V'V)|^2 over targets (N, m). Each is sought
    within the complement of those before it, from several starts, and is thus orthogonal to them.
    """
    known = x.new_zeros(0, x.shape[1])
    for parameter in emulator.parameters():
        parameter.requires_grad_(False)
    for _ in range(k):
        known = torch.cat([known, _next(emulator, x, y, known)[None]])
    for parameter in emulator.parameters():
        parameter.requires_grad_(True)
    return known


def folded(emulator: Mlp, basis: Tensor) -> Mlp:
    """Return the decoder t -> emulator(t V) as a network of its own; V is (k, n)."""
    decoder = Mlp((len(basis), *emulator.sizes[1:]), emulator.copies)
    decoder.load_state_dict(
        {**emulator.state_dict(), "weights.0": basis @ emulator.weights[0].detach()}
    )
    return decoder


def _next(emulator: Mlp, x: Tensor, y: Tensor, known: Tensor) -> Tensor:
    """Return the next vector (n,): the best of several starts."""
    complement = torch.linalg.qr(known.T, mode="complete")[0][:, len(known) :]  # (n, n - known)
    size = complement.shape[1]
    if size == 1:
        last: Tensor = complement[:, 0]
        return last
    free = torch.randn(_STARTS, size).requires_grad_()
    optimiser = torch.optim.Adam([free], lr=_RATE)
    projected = x @ known.T @ known  # (N, n)

    def missing(rows: Tensor) -> Tensor:
        vectors = _normalised(free) @ complement.T  # (starts, n)
        scores = x[rows] @ vectors.T  # (rows, starts)
        along = projected[rows] + scores.T[:, :, None] * vectors[:, None]  # (starts, rows, n)
        return unexplained(emulator(along), y[rows])

    for step in range(_STEPS):
        optimiser.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / _STEPS)) / 2
        optimiser.zero_grad(set_to_none=True)
        missing(torch.randint(len(x), (_BATCH,))).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    with torch.no_grad():
        best = missing(torch.arange(len(x))).argmin()
        chosen: Tensor = complement @ _normalised(free)[best]
        return chosen


def _normalised(vectors: Tensor) -> Tensor:
    """Return vectors (m, n) with length 1."""
    return torch.nn.functional.normalize(vectors, dim=1)
