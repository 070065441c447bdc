"""Kernel ridge regression as a part of a graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xmodkit_xes.models.symmetry import SymmetryFunctions

__all__ = ["KernelMember", "KernelRidge"]

_LENGTH = 4.0  # of the median distance
_RIDGE = 0.03
_ROUND = 0.02  # of the median distance: rounds off the kernel's tip, so that rounding is no matter


_CUTOFF_A = 4.0
_LEAST = 1e-3  # of a symmetry function


class KernelMember(nn.Module):
    """Kernel ridge regression on symmetry functions: what sees few rows well."""

    def __init__(self, outputs: int, capacity: int) -> None:
        super().__init__()
        self.symmetry = SymmetryFunctions(cutoff=_CUTOFF_A)
        self.ridge = KernelRidge(self.symmetry.size, outputs, capacity)

    def fit(self, numbers: Tensor, positions: Tensor, targets: Tensor) -> None:
        """Solve for clusters (N, A), (N, A, 3) and targets (N, outputs) of mean 0."""
        self.symmetry.fit(numbers)
        self.ridge.fit(self._described(numbers, positions), targets)

    def forward(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return (N, outputs) of clusters (N, A) and (N, A, 3)."""
        out: Tensor = self.ridge(self._described(numbers, positions))
        return out

    def _described(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Return roots of symmetry functions (N, size), rounded off: else rounding shows at 0."""
        sums = torch.cat(self.symmetry.functions(numbers, positions), dim=1)
        return (sums.clamp(min=0.0) + _LEAST).sqrt()


class KernelRidge(nn.Module):
    """An exponential kernel of Euclidean distances to training rows, at most `capacity` of them.

    Solved in closed form. Source: Rasmussen & Williams, Gaussian Processes for Machine Learning
    (2006), sections 2.2 and 4.2.1 (Matern, 1/2).
    """

    centres: Tensor
    coefficients: Tensor
    median: Tensor

    def __init__(self, features: int, outputs: int, capacity: int) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(capacity, features))
        self.register_buffer("coefficients", torch.zeros(capacity, outputs))
        self.register_buffer("median", torch.ones(()))

    def fit(self, x: Tensor, y: Tensor) -> None:
        """Solve for rows (N, features) and targets (N, outputs) of mean 0.

        Of more rows than the capacity, as many are drawn.
        """
        capacity = len(self.centres)
        if len(x) > capacity:
            drawn = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:capacity]
            x, y = x[drawn], y[drawn]
        self.centres.zero_()[: len(x)] = x
        self.coefficients.zero_()
        apart = torch.cdist(x, x)
        self.median.copy_(apart[apart > 0].median())
        kernel = self._kernel(x)[:, : len(x)]
        solved = torch.linalg.solve(kernel + _RIDGE * torch.eye(len(x)), y.double())
        self.coefficients[: len(x)] = solved.float()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs) of rows (N, features)."""
        # In double precision throughout: large coefficients of either sign nearly cancel.
        return (self._kernel(x) @ self.coefficients.double()).to(x.dtype)

    def _kernel(self, x: Tensor) -> Tensor:
        """Return how like each centre a row is, (N, capacity), in double precision."""
        row, centre = x.double(), self.centres.double()
        square = (row**2).sum(dim=1, keepdim=True) + (centre**2).sum(dim=1) - 2 * row @ centre.T
        tip = (_ROUND * self.median) ** 2
        distance = (square.clamp(min=0.0) + tip).sqrt()
        return torch.exp(-distance / (_LENGTH * self.median))
