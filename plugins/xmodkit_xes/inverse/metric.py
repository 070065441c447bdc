"""The inner product of residuals under independent noise plus unknown linear contributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit_xes.inverse.distortion import Floats

__all__ = ["Metric"]


class Metric:
    """a' C^-1 b for C = diag(1 / precision) + modes' modes, by the Woodbury identity.

    `precision` (N, E) is one row per curve, zero where it was not measured; `modes` (q, E) are
    curves that add to any residual with standard normal weights: background, and the shapes of
    the decoder's own error. To include them here is to marginalise over them exactly.
    """

    def __init__(self, precision: Floats, modes: Floats) -> None:
        self.precision = precision
        self.modes = modes
        inner = np.einsum("qe,ne,re->nqr", modes, precision, modes, optimize=True)
        self._inverse = np.linalg.inv(np.eye(len(modes)) + inner)

    def gram(self, columns: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return (R, p, p): all products of columns (R, p, E) under the metric of curve `rows`."""
        weighted = columns * self.precision[rows][:, None, :]
        along = weighted @ self.modes.T
        plain = weighted @ columns.transpose(0, 2, 1)
        return np.asarray(plain - along @ self._inverse[rows] @ along.transpose(0, 2, 1))

    def square(self, residual: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return (R,): chi squared of residuals (R, E)."""
        weighted = residual * self.precision[rows]
        along = weighted @ self.modes.T
        plain = np.einsum("re,re->r", weighted, residual)
        return np.asarray(
            plain - np.einsum("rq,rqs,rs->r", along, self._inverse[rows], along, optimize=True)
        )

    def weights_of(self, residual: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return (R, q): the most probable weight of each mode in residuals (R, E)."""
        along = (residual * self.precision[rows]) @ self.modes.T
        return np.asarray(np.einsum("rqs,rs->rq", self._inverse[rows], along))
