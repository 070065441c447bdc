"""The peers that need no network: partial least squares, and principal components of features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xmodkit.errors import MissingExtraError
from xmodkit_xes.study.rows import Floats

__all__ = ["LinearScores", "fit_pca", "fit_pls", "line"]

Decoder = Callable[[Floats], Floats]


@dataclass(frozen=True)
class LinearScores:
    """Scores t = x V' of standardised features, and what makes targets of scores.

    `basis` holds the vectors V (k, feature).
    """

    basis: Floats
    decoder: Decoder

    def transform(self, x: Floats) -> Floats:
        """Return scores (N, k) of features (N, feature)."""
        return np.asarray(x @ self.basis.T)

    def decode(self, t: Floats) -> Floats:
        """Return targets (N, channel) of scores (N, k)."""
        return self.decoder(t)


def line(t: Floats, y: Floats) -> Decoder:
    """Return the linear regression of targets (N, channel) on scores (N, k)."""
    with_one = np.column_stack([t, np.ones(len(t))])
    weights, *_ = np.linalg.lstsq(with_one, y, rcond=None)
    return lambda scores: np.asarray(scores @ weights[:-1] + weights[-1])


def fit_pls(x: Floats, y: Floats, k: int) -> LinearScores:
    """Fit partial least squares with k components to standardised features and targets.

    Raise `MissingExtraError` without scikit-learn.
    """
    try:
        from sklearn.cross_decomposition import PLSRegression
    except ImportError as error:
        raise MissingExtraError("a study of components", "scikit-learn", "train") from error
    fitted = PLSRegression(k, scale=False, max_iter=2000, tol=1e-8).fit(x, y)
    basis = np.asarray(fitted.x_rotations_.T)
    basis = basis / np.linalg.norm(basis, axis=1, keepdims=True)
    return LinearScores(basis, line(x @ basis.T, y))


def fit_pca(x: Floats, k: int, decoder: Callable[[Floats], Decoder]) -> LinearScores:
    """Fit k principal components of standardised features; `decoder` is fitted to their scores."""
    centred = x - x.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:k]
    return LinearScores(basis, decoder(x @ basis.T))
