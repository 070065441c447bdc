"""Calibrate the way back: how wide its bounds must be, and what no curve of a decoder fixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from xmodkit.errors import DataError
from xmodkit_xes.inverse.bounds import COVERAGE, feature_estimate, fitted_factors
from xmodkit_xes.inverse.decoder import Decode, Decoder
from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.fit import Estimate, Fit, Fitter, stacked_fits
from xmodkit_xes.inverse.noise import estimated_noise

__all__ = ["SHIFT_EV", "calibrate_fit", "disturbed", "fit_in_batches"]

# The standard deviation of the axis error; noise of the maximum, one level after the other.
SHIFT_EV = 0.3
NOISE = (0.005, 0.01, 0.02)
_SHAPES = 6
_MOST = 600
_BATCH = 32
_FALSE_ALARMS = 0.01


def calibrate_fit(
    decode: Decode,
    details: Mapping[str, Any],
    energies: Floats,
    spectra: Floats,
    features: Floats,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return `details["fit"]` of a decoder from rows that it was not trained on, as plain JSON.

    `decode` takes scores (N, k) to curves (N, E) on `energies` (E,); `details` are the decoder's
    others; `spectra` (N, E) and `features` (N, n) are the truth. Half of at most 600 rows gives
    the decoder's error (independent part and shapes). The other half, with noise and axis errors,
    is fitted with every nuisance free: how far the truth lies from what was found, in posterior
    standard deviations, is what the bounds are scaled by (split-conformal, Papadopoulos et al.
    2002). Raise `DataError` for fewer than 100 rows.
    """
    order = rng.permutation(len(spectra))[:_MOST]
    if len(order) < 100:
        raise DataError(f"calibrating the way back: {len(order)} rows given, 100 or more expected")
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    decoder = Decoder(decode, energies, details)
    known = _error(decoder, spectra[first], features[first])
    decoder = replace(decoder, details={**details, "fit": known})
    noise = np.resize(NOISE, len(second))
    shift = rng.normal(0, SHIFT_EV, len(second))
    curves = disturbed(energies, spectra[second], shift, noise, rng)
    fit = fit_in_batches(Fitter(decoder.problem()), curves)
    latent = decoder.features.to_latent(features[second])
    truth = {f"latent {i}": column for i, column in enumerate(latent.T)}
    truth |= {"shift": shift, "scale": np.ones(len(shift))}
    truth |= decoder.features.parameters(features[second])
    found = feature_estimate(decoder.features, fit)
    return {
        **known,
        "source": "simulated",
        "coverage": COVERAGE,
        "rows": len(second),
        "noise": list(NOISE),
        "shift_eV": SHIFT_EV,
        "misfit": float(np.quantile(fit.misfit, 1 - _FALSE_ALARMS)),
        "scalars": {n: fitted_factors(fit.scalars[n], true) for n, true in truth.items()},
        "features": [
            fitted_factors(Estimate(*column), true)
            for *column, true in zip(
                found.value.T, found.sd.T, found.ratio.T, features[second].T, strict=True
            )
        ],
    }


def disturbed(
    energies: Floats, spectra: Floats, shift: Floats, noise: Floats, rng: np.random.Generator
) -> Floats:
    """Return spectra (N, E) moved up by `shift` (N,) eV with noise of sd `noise` (N,) * maximum.

    Between points cubic splines are read; beyond its ends a spectrum keeps its last value.
    """
    from scipy.interpolate import CubicSpline

    moved = [
        CubicSpline(energies, curve)(np.clip(energies - d, energies[0], energies[-1]))
        for curve, d in zip(spectra, shift, strict=True)
    ]
    sd = noise * np.abs(spectra).max(axis=1)
    return np.asarray(np.stack(moved) + rng.standard_normal(spectra.shape) * sd[:, None])


def fit_in_batches(fitter: Fitter, curves: Floats) -> Fit:
    """Fit curves (N, E) measured on all channels, whose noise is estimated from each."""
    noise = np.array([estimated_noise(curve) for curve in curves])
    precision = np.repeat(noise[:, None] ** -2.0, curves.shape[1], axis=1)
    parts = [slice(start, start + _BATCH) for start in range(0, len(curves), _BATCH)]
    return stacked_fits([fitter.fit(curves[part], precision[part]) for part in parts])


def _error(decoder: Decoder, spectra: Floats, features: Floats) -> dict[str, Any]:
    """Return the decoder's error: its leading shapes (q, E), and the sd of what is left (E,)."""
    residual = spectra - decoder.single().decode(decoder.features.to_latent(features))
    _, size, shapes = np.linalg.svd(residual, full_matrices=False)
    leading = shapes[:_SHAPES]
    left = residual - (residual @ leading.T) @ leading
    return {
        "error": np.sqrt((left**2).mean(axis=0)).tolist(),
        "shapes": (size[:_SHAPES, None] / np.sqrt(len(residual)) * leading).tolist(),
    }
