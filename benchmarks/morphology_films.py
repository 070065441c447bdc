"""Simulated films for judging: raw samples, statistics of crops of their micrographs, scattering.

Used by `morphology_trust.py`. Films are simulated in two processes and measured there, so that of
those that only serve for comparison nothing large is kept.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from xmodkit import plugins
from xmodkit.modality import Array, Arrays
from xmodkit.pair import Sample
from xmodkit_saxs_sem.metrics.lineal_path import lineal_path
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import SIZE, STATISTICS
from xmodkit_saxs_sem.models.binarise import Binarise, binary_field
from xmodkit_saxs_sem.models.truths import measured

__all__ = ["CROPS", "CURVES", "Films", "curves", "films"]

CROPS = 10  # of a micrograph, beside the one that bounds are calibrated with
CURVES = tuple(field.name for field in STATISTICS)
_CHUNK = 10


@dataclass(frozen=True)
class Films:
    """Films of one seed.

    `image` (n, 96, 96) is the crop that stands for a film in calibration, `crops` hold the curves
    (n, 1 + CROPS, 48) of it and of others of the same micrograph, `log` (n, 96, 96) the measured
    log intensity, NaN where it was not measured.
    """

    samples: Sequence[Sample]
    image: NDArray[np.uint8]
    crops: Mapping[str, Array]
    log: Array

    def truth(self, name: str) -> Array:
        """Return the curve (n, 48) of the crop that stands for each film."""
        found: Array = self.crops[name][:, 0]
        return found


def films(n: int, seed: int, *, keep: bool = True) -> Films:
    """Simulate films 0 to n - 1 of a seed; without `keep` their raw samples are dropped."""
    starts = range(0, n, _CHUNK)
    counts = [min(_CHUNK, n - start) for start in starts]
    spawn = multiprocessing.get_context("spawn")  # torch and forks do not go together
    with ProcessPoolExecutor(2, spawn) as pool:
        parts = list(pool.map(partial(_part, seed, keep), starts, counts))
    return Films(
        [sample for part in parts for sample in part.samples],
        np.concatenate([part.image for part in parts]),
        {name: np.concatenate([part.crops[name] for part in parts]) for name in CURVES},
        np.concatenate([part.log for part in parts]),
    )


def curves(images: Array) -> dict[str, Array]:
    """Return S(r) and both lineal paths (..., 48) of images (..., 96, 96)."""
    found = (two_point(images), lineal_path(images, vertical=True), lineal_path(images, False))
    return dict(zip(CURVES, found, strict=True))


def _part(seed: int, keep: bool, start: int, count: int) -> Films:
    torch.set_num_threads(1)
    samples = list(plugins.pair("saxs-sem").simulate(count, seed, {}, start=start))
    image, crops, logs = [], [], []
    for number, sample in enumerate(samples, start):
        truth: Arrays = measured(sample, "saxs:sem")
        others = curves(_crops(sample, np.random.default_rng((seed, number))))
        image.append(truth["micrograph"])
        crops.append({name: np.concatenate([truth[name][None], others[name]]) for name in CURVES})
        logs.append(measured(sample, "sem:saxs")["log_intensity"])
    return Films(
        samples if keep else (),
        np.stack(image),
        {name: np.stack([each[name] for each in crops]) for name in CURVES},
        np.stack(logs),
    )


def _crops(sample: Sample, rng: np.random.Generator) -> NDArray[np.uint8]:
    sem = sample.arrays["sem"]
    with torch.no_grad():
        field = binary_field(sem["micrograph"], float(sem["pixel_nm"]), Binarise())
    corners = rng.integers(0, np.array(field.shape) - SIZE + 1, (CROPS, 2))
    return np.stack([field[y : y + SIZE, x : x + SIZE] for y, x in corners])
