"""Frames and micrographs with faults, graded where faults have grades; for `morphology_trust.py`.

Each kind is a function of the fields of one modality and a random generator. `HARMLESS` are those
that leave a measurement as good as it was: a model need not call them novel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from xmodkit.modality import Array, Arrays
from xmodkit_saxs_sem.simulator.infobar import with_info_bar

__all__ = ["FRAMES", "HARMLESS", "MICROGRAPHS", "Fault"]

Fault = Callable[[Arrays, np.random.Generator], dict[str, Array]]


def _scaled_q(factor: float, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    return {**frame, "qx": frame["qx"] * np.float32(factor), "qy": frame["qy"] * np.float32(factor)}


def _fewer_counts(share: float, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """Return the frame of a shorter exposure: each photon was counted with that probability."""
    counted = rng.binomial(np.rint(frame["intensity"]).astype(np.int64), share)
    return {**frame, "intensity": counted.astype(np.float32)}


def _noisy(share: float, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """Return the frame with white noise, its deviation in shares of the strongest peak."""
    noise = rng.normal(0.0, share * _strongest(frame), frame["intensity"].shape)
    return {**frame, "intensity": ((frame["intensity"] + noise) * frame["mask"]).astype(np.float32)}


def _hot(count: int, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    intensity = frame["intensity"].copy()
    measured = np.flatnonzero(frame["mask"])
    intensity.flat[rng.choice(measured, count, replace=False)] = 10 * _strongest(frame)
    return {**frame, "intensity": intensity}


def _saturated(share: float, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    ceiling = np.float32(share * _strongest(frame))
    return {**frame, "intensity": np.minimum(frame["intensity"], ceiling)}


def _mirrored(frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """Return the frame as seen against the beam: I(-qx, qy)."""
    turned = {name: np.ascontiguousarray(frame[name][:, ::-1]) for name in ("intensity", "mask")}
    return {**frame, **turned, "qx": -np.ascontiguousarray(frame["qx"][:, ::-1])}


def _binned(pixels: int, frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """Return the frame of a detector whose pixels are that much larger."""

    def blocks(array: Array) -> Array:
        rows, columns = (size // pixels for size in array.shape)
        cut = array[: rows * pixels, : columns * pixels]
        split: Array = cut.reshape(rows, pixels, columns, pixels)
        return split

    mask = blocks(frame["mask"]).min(axis=(1, 3))
    summed = blocks(frame["intensity"]).sum(axis=(1, 3)) * mask
    q = {name: blocks(frame[name]).mean(axis=(1, 3)) for name in ("qx", "qy")}
    return {"intensity": summed.astype(np.float32), "mask": mask, **q}


def _half(frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    """Return a frame of which one half was measured: Friedel's law gives the other."""
    mask = frame["mask"].copy()
    mask[:, : mask.shape[1] // 2 - 4] = 0
    return {**frame, "intensity": frame["intensity"] * mask, "mask": mask}


def _without_q(frame: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    return {**frame, "qx": np.zeros_like(frame["qx"]), "qy": np.zeros_like(frame["qy"])}


def _strongest(frame: Arrays) -> float:
    return float(np.quantile(frame["intensity"][frame["mask"] > 0], 0.999))


def _blurred(sigma: float, image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    from scipy.ndimage import gaussian_filter

    return {**image, "micrograph": gaussian_filter(image["micrograph"], sigma)}


def _grainy(levels: float, image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    noise = rng.normal(0.0, levels, image["micrograph"].shape)
    grains = np.clip(np.rint(image["micrograph"] + noise), 0, 255)
    return {**image, "micrograph": grains.astype(np.uint8)}


def _inverted(image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    return {**image, "micrograph": 255 - image["micrograph"]}


def _scaled_pixel(factor: float, image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    return {**image, "pixel_nm": np.asarray(image["pixel_nm"] * factor, np.float32)}


def _white(image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    shape = image["micrograph"].shape
    return {**image, "micrograph": rng.integers(0, 256, shape, dtype=np.uint8)}


def _with_bar(image: Arrays, rng: np.random.Generator) -> dict[str, Array]:
    picture = with_info_bar(image["micrograph"], float(image["pixel_nm"]))
    return {**image, "micrograph": np.array(picture)}


HARMLESS = ("mirrored", "pixels twice as large", "half of the detector", "a tenth of the counts")

FRAMES: Mapping[str, Fault] = {
    "mirrored": _mirrored,
    "pixels twice as large": partial(_binned, 2),
    "pixels four times as large": partial(_binned, 4),
    "half of the detector": _half,
    "a tenth of the counts": partial(_fewer_counts, 0.1),
    "a thousandth of the counts": partial(_fewer_counts, 0.001),
    "noise of 1 % of the peak": partial(_noisy, 0.01),
    "noise of 10 % of the peak": partial(_noisy, 0.1),
    "20 hot pixels": partial(_hot, 20),
    "200 hot pixels": partial(_hot, 200),
    "saturated at 30 % of the peak": partial(_saturated, 0.3),
    "saturated at 5 % of the peak": partial(_saturated, 0.05),
    "q 10 % too small": partial(_scaled_q, 0.9),
    "q 10 % too large": partial(_scaled_q, 1.1),
    "q 30 % too small": partial(_scaled_q, 0.7),
    "q 30 % too large": partial(_scaled_q, 1.3),
    "q not known": _without_q,
}

MICROGRAPHS: Mapping[str, Fault] = {
    "blur of 1 px": partial(_blurred, 1.0),
    "blur of 2 px": partial(_blurred, 2.0),
    "blur of 4 px": partial(_blurred, 4.0),
    "noise of 20 levels": partial(_grainy, 20.0),
    "noise of 60 levels": partial(_grainy, 60.0),
    "contrast inverted": _inverted,
    "pixel 10 % too small": partial(_scaled_pixel, 0.9),
    "pixel 10 % too large": partial(_scaled_pixel, 1.1),
    "pixel 30 % too small": partial(_scaled_pixel, 0.7),
    "pixel 30 % too large": partial(_scaled_pixel, 1.3),
    "info bar not cut": _with_bar,
    "white noise": _white,
}
