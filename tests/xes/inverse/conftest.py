"""Decoders of bent molecules that are known exactly: three lines that bonds and angle move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xmodkit_xes.inverse.decoder import Decoder

ENERGIES = np.linspace(490.0, 510.0, 81)
MEAN, SCALE = np.array([0.95, 1.05, 104.0]), np.array([0.06, 0.06, 10.0])
PRIOR = np.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.0], [0.0, 0.0, 1.0]])


def bent(features: Any, difference: float) -> Any:
    """Return curves (N, E) of short and long bond and angle; `difference` is its weight."""
    short, long, angle = features.T[..., None]
    first = np.exp(-0.5 * ((ENERGIES - 496 - 10 * (short + long - 2)) / 0.8) ** 2)
    second = np.exp(-0.5 * ((ENERGIES - 502 - 0.08 * (angle - 104)) / 1.0) ** 2)
    third = np.exp(-0.5 * ((ENERGIES - 506) / 0.7) ** 2)
    return 2 * first + 1.2 * second + (0.8 + difference * (long - short) ** 2) * third


@pytest.fixture(scope="session")
def water() -> Callable[..., Decoder]:
    """Return a maker of decoders whose curves show the bond difference or do not."""

    def make(difference: float = 0.0, **details: Any) -> Decoder:
        def decode(latent: Any) -> Any:
            return bent(MEAN + SCALE * latent, difference)

        known = {
            "features": ["short", "long", "angle"],
            "feature_mean": MEAN.tolist(),
            "feature_scale": SCALE.tolist(),
            "basis": np.eye(3).tolist(),
            "latent_mean": [0.0, 0.0, 0.0],
            "latent_covariance": PRIOR.tolist(),
            "residual": np.full(len(ENERGIES), 2e-3).tolist(),
        }
        return Decoder(decode, ENERGIES, {**known, **details})

    return make


@pytest.fixture(scope="session")
def molecules() -> Callable[[int, int], Any]:
    """Return a maker of features (N, 3) drawn from the decoders' prior, short bond first."""

    def make(n: int, seed: int) -> Any:
        draws = np.random.default_rng(seed).multivariate_normal(np.zeros(3), PRIOR, n)
        features = MEAN + SCALE * draws
        features[:, :2] = np.sort(features[:, :2], axis=1)
        return features

    return make
