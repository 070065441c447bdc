"""What Fourier transforms and the nearest training sample predict: no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array, Arrays
from xmodkit.pair import Route, Sample
from xmodkit_saxs_sem.metrics.lineal_path import lineal_path
from xmodkit_saxs_sem.metrics.spectrum import power_spectrum, q_polar
from xmodkit_saxs_sem.metrics.two_point import radial_bins, two_point
from xmodkit_saxs_sem.modalities import PIXEL_NM, Q_GRID, R_NM, SIZE

__all__ = ["inverse_transform", "nearest", "saxs_sem_baselines", "transformed"]

_TILES = (4, 6)  # nearly all of the published field of 830 x 1280 pixels
_ANNULUS = (0.06, 0.6)  # 1/nm: where frames are normalised
_SHAPE = (0.08, 0.4)  # 1/nm: where frames are compared
_FLAT = 0.6  # 1/nm: beyond, what is scattered counts as flat background
_SLOPE = (0.06, 0.14)  # 1/nm: where the background that falls with q^-3 is read, between peaks
_INTERFACES_NM = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
_BACKGROUNDS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3)
_FITTED = 200  # training samples at most: one number follows from few
_FLOOR = 1e-4  # of the mean: the least intensity that is told apart

Floats = NDArray[np.float32]


def saxs_sem_baselines(
    route: Route, training: Sequence[Sample], test: Sequence[Sample]
) -> dict[str, Arrays]:
    """Return what is predicted for test samples by name; reconstructions have no baseline.

    `saxs:sem`: the inverse Fourier transform of the scattering, with the training samples' mean
    area fraction and the interface that suits them; the training sample of nearest scattering; and
    the floor, another place of the very same film. `sem:saxs`: the power spectrum of the
    micrograph on the flat background that suits the training samples.
    """
    if route.name == "sem:saxs":
        return {"|FFT|² of the micrograph": _frames(_on_background(training, test))}
    if route.name != "saxs:sem":
        return {}
    from xmodkit_saxs_sem.models.measured import binary_tiles, frames_on_grid

    known = np.concatenate([binary_tiles(sample) for sample in training])
    (known_logs, known_valid), (logs, valid) = (frames_on_grid(s) for s in (training, test))
    others = np.concatenate([binary_tiles(sample, 2, 2)[:1] for sample in test])
    like = known[nearest(known_logs, known_valid, logs, valid)]
    interface = _interface(known_logs[:_FITTED], known_valid[:_FITTED], two_point(known[:_FITTED]))
    curves = inverse_transform(logs, valid, np.full(len(test), known.mean()), interface)
    return {
        "inverse Fourier transform": {"two_point": curves},
        "nearest by scattering": _images(like),
        "another place of the film (floor)": _images(others),
    }


def transformed(samples: Sequence[Sample]) -> Floats:
    """Return log10 of |FFT|^2 over its mean (n, 96, 96): of windowed tiles of micrographs."""
    from xmodkit_saxs_sem.models.measured import binary_tiles

    power = np.stack([power_spectrum(binary_tiles(s, *_TILES)).mean(axis=0) for s in samples])
    mean = power[:, _between(_ANNULUS)].mean(axis=1)[:, None, None]
    relative = np.maximum(power / np.maximum(mean, 1e-12), _FLOOR)
    return np.asarray(np.log10(relative), np.float32)


def inverse_transform(
    logs: Floats, valid: NDArray[np.bool_], phi: Array, interface_nm: float = 0.0
) -> Floats:
    """Return S(r) (n, 48) of frames (n, 96, 96) of log10 intensity and area fractions phi (n,).

    The autocovariance is the transform of the intensity without background (a flat one, and one
    that falls with q^-3); at r = 0 it is phi (1 - phi). What was not measured counts as nothing. A
    diffuse interface of that sigma, which an image of two phases lacks, is taken back.
    Source: Debye, Anderson & Brumberger, J. Appl. Phys. 28, 679 (1957), two phases; Ruland, J.
    Appl. Cryst. 4, 70 (1971), interfaces.
    """
    q = q_polar()[0]
    cubed = np.maximum(q, _SLOPE[0] / 2) ** 3
    intensity = np.where(valid, 10.0**logs, 0)
    tail = valid & (q > _FLAT)
    flat = (intensity * tail).sum(axis=(1, 2)) / np.maximum(tail.sum(axis=(1, 2)), 1)
    excess = intensity - flat[:, None, None]
    near = _between(_SLOPE)
    between = np.where(valid[:, near], (excess * cubed)[:, near], np.nan)
    slope = np.nan_to_num(np.nanquantile(between, 0.05, axis=1))
    excess = np.where(valid, np.maximum(excess - slope[:, None, None] / cubed, 0), 0)
    excess *= np.exp((interface_nm * np.minimum(q, _FLAT)) ** 2)
    covariance = np.fft.fft2(np.fft.ifftshift(excess, axes=(1, 2))).real
    covariance /= np.maximum(covariance[:, :1, :1], 1e-12)
    bins = radial_bins((SIZE, SIZE), len(R_NM))
    means = np.stack([covariance[:, bins == k].mean(axis=1) for k in range(len(R_NM))], axis=1)
    share = np.asarray(phi)[:, None]
    return np.asarray(share**2 + share * (1 - share) * means, np.float32)


def _interface(logs: Floats, valid: NDArray[np.bool_], truth: Floats) -> float:
    """Return the interface with which the transforms fit known S(r) of known area fraction."""
    errors = [
        np.abs(inverse_transform(logs, valid, truth[:, 0], width) - truth).mean()
        for width in _INTERFACES_NM
    ]
    return _INTERFACES_NM[int(np.argmin(errors))]


def _on_background(training: Sequence[Sample], test: Sequence[Sample]) -> Floats:
    """Return transformed micrographs with the flat background that fits the training frames."""
    from xmodkit_saxs_sem.models.measured import frames_on_grid

    some = training[:_FITTED]
    (logs, valid), known = frames_on_grid(some), 10.0 ** transformed(some)
    errors = [np.abs(_raised(known, level) - logs)[valid].mean() for level in _BACKGROUNDS]
    return _raised(10.0 ** transformed(test), _BACKGROUNDS[int(np.argmin(errors))])


def _raised(power: Floats, level: float) -> Floats:
    return np.asarray(np.log10((power + level) / (1 + level)), np.float32)


def nearest(
    known: Floats, known_valid: NDArray[np.bool_], logs: Floats, valid: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return which known frame is nearest to each frame (n,), where both were measured.

    All are (frames, 96, 96); the distance is the mean square of log intensity where block
    copolymers scatter.
    """
    place = _between(_SHAPE)
    a, b = logs[:, place], known[:, place]
    v, w = (m[:, place].astype(np.float32) for m in (valid, known_valid))
    squares = (v * a * a) @ w.T + v @ (w * b * b).T - 2 * (v * a) @ (w * b).T
    return np.asarray((squares / np.maximum(v @ w.T, 1)).argmin(axis=1))


def _between(ends: tuple[float, float]) -> NDArray[np.bool_]:
    q = q_polar()[0]
    inside: NDArray[np.bool_] = (q > ends[0]) & (q < ends[1])
    return inside


def _frames(logs: Floats) -> dict[str, Floats]:
    across, up = np.meshgrid(Q_GRID, -Q_GRID)
    return {
        "intensity": (10.0**logs).astype(np.float32),
        "mask": np.ones_like(logs),
        "qx": np.broadcast_to(across.astype(np.float32), logs.shape),
        "qy": np.broadcast_to(up.astype(np.float32), logs.shape),
        "log_intensity": logs,
    }


def _images(images: NDArray[np.uint8]) -> dict[str, Floats]:
    return {
        "micrograph": 255 * images.astype(np.float32),
        "pixel_nm": np.full(len(images), PIXEL_NM, np.float32),
        "two_point": two_point(images),
        "lineal_path_vertical": lineal_path(images, vertical=True),
        "lineal_path_horizontal": lineal_path(images, vertical=False),
    }
