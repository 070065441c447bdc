"""Bring a measured curve onto the decoder's energies, with how well each channel is known."""

from __future__ import annotations

import numpy as np

from xmodkit.errors import InputError, UsageError
from xmodkit.modality import Arrays, Field
from xmodkit.pair import Options, Route, Sample
from xmodkit_xes.inverse.distortion import Floats
from xmodkit_xes.inverse.noise import estimated_noise

__all__ = ["encode_curve", "weight_field"]

_COVERED = 0.6
_FEWEST = 12
# Of its largest absolute value: a curve that varies less holds no line.
_FLAT = 1e-3


def weight_field(curve: Field) -> Field:
    """Return the field of channel weights that goes with a field of curves."""
    return Field(
        "weight",
        curve.axes,
        unit="1",
        valid_range=(0.0, float(np.finfo(np.float32).max)),
        long_name="(maximum of the curve / noise sd)^2 of each channel, 0 where not measured",
    )


def encode_curve(sample: Sample, route: Route, options: Options, energies: Floats) -> Arrays:
    """Return a curve on `energies` (E,), float32, and its weights: `{xes: (E,), weight: (E,)}`.

    The sample's own energies are its coordinates `<source>_energy`. A finer curve is averaged
    over each channel; a coarser one is interpolated linearly, its channels weighing as many
    points as were measured. Noise is `--noise` times the maximum, else estimated from the curve.
    Raise `InputError` for a curve that is flat, not finite, has too few points or covers less
    than 60 % of the decoder's energies.
    """
    name = route.source
    curve = np.asarray(sample.arrays[name][name], float)
    measured = np.asarray(sample.coordinates.get(f"{name}_energy", ()), float)
    curve, measured = _checked(curve, measured, name, energies)
    noise = _noise(curve, options)
    step = float(energies[1] - energies[0])
    inside = (energies >= measured[0] - step / 2) & (energies <= measured[-1] + step / 2)
    edges = np.append(energies - step / 2, energies[-1] + step / 2)
    count, _ = np.histogram(measured, edges)
    total, _ = np.histogram(measured, edges, weights=curve)
    values = np.interp(energies, measured, curve)
    values = np.where(count > 1, total / np.maximum(count, 1), values)
    spacing = np.interp(energies, measured, np.gradient(measured))
    points = np.where(count > 1, count, np.minimum(step / spacing, 1.0))
    height = np.abs(values[inside]).max()
    weight = np.where(inside, points * (height / noise) ** 2, 0.0)
    return {
        name: np.where(inside, values, 0.0).astype(np.float32),
        "weight": weight.astype(np.float32),
    }


def _checked(curve: Floats, measured: Floats, name: str, energies: Floats) -> tuple[Floats, Floats]:
    """Return curve and energies in rising order; raise `InputError` for what cannot be fitted."""
    if measured.shape != curve.shape or curve.ndim != 1:
        raise InputError(
            f"{name}: {curve.size} values and {measured.size} energies given; give an energy in eV "
            "for each value"
        )
    if not (np.isfinite(curve).all() and np.isfinite(measured).all()):
        raise InputError(f"{name}: NaN or infinite values given; remove those points")
    if len(curve) < _FEWEST:
        raise InputError(f"{name}: {len(curve)} points given, {_FEWEST} or more expected")
    if np.ptp(curve) <= _FLAT * np.abs(curve).max():
        raise InputError(f"{name}: a flat curve given; there is no line in it to fit")
    order = np.argsort(measured, kind="stable")
    curve, measured = curve[order], measured[order]
    if (np.diff(measured) <= 0).any():
        raise InputError(f"{name}: an energy given twice; average the values at equal energies")
    low, high = max(measured[0], energies[0]), min(measured[-1], energies[-1])
    covered = max(high - low, 0) / (energies[-1] - energies[0])
    if covered < _COVERED:
        raise InputError(
            f"{name}: {measured[0]:g} to {measured[-1]:g} eV given, which covers "
            f"{100 * covered:.0f} % of the decoder's {energies[0]:g} to {energies[-1]:g} eV; "
            f"{100 * _COVERED:.0f} % or more expected (check the axis)"
        )
    return curve, measured


def _noise(curve: Floats, options: Options) -> float:
    """Return the noise sd: as `--noise` says, relative to the maximum, or as the curve shows."""
    given = options.get("noise")
    if given is None:
        return estimated_noise(curve)
    if not 0 < float(given) < 1:
        raise UsageError(
            f"--noise {given}: give the noise's standard deviation as a share of the curve's "
            "maximum, between 0 and 1"
        )
    return float(given) * float(np.abs(curve).max())
