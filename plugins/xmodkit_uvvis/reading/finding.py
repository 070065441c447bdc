"""Find the grid of a regular library of drops: its pitch, its offset and its extent.

The plate's difference from its background is projected onto x and y. A pitch is where the
projection resembles itself one pitch further; the drops' centres are its phase; rows and columns
reach as far as cells stand out from their borders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit_uvvis.reading.grid import Box, Grid, trimmed

__all__ = ["find_grid"]

Floats = NDArray[np.float64]

_LONGEST_SIDE = 1500  # pixels looked at; a larger plate is looked at every few pixels
_LEAST_PITCH = 8
_LEAST_LIKENESS = 0.5  # correlation of a projection with itself one pitch further
_LEAST_RESEMBLANCE = 0.7  # correlation of a cell with the cells' mean; drops reach 0.88
_LEAST_FILL = 0.6  # share of cells that hold a drop; a staggered library fills half
_EDGE = 0.25  # share of an outer cell that may lie outside the image


@dataclass(frozen=True)
class _Comb:
    """Equidistant cells along one axis: `start` is the first border, `count` the cells."""

    start: float
    pitch: float
    count: int

    def borders(self) -> Floats:
        return self.start + self.pitch * np.arange(self.count + 1, dtype=np.float64)


def find_grid(
    pixels: NDArray[np.uint8],
    region: Box,
    *,
    pitch: tuple[float, float] | None = None,
    margin: float = 0.0,
) -> Grid:
    """Return the grid of the drops inside a region, of the given pitch in pixels if it is known.

    At least two rows and two columns are needed, more than half of the cells filled, and sides
    parallel to the image's. Raise `InputError` where no such grid stands out.
    """
    x0, y0, x1, y1 = region
    step = max(1, math.ceil(max(x1 - x0, y1 - y0) / _LONGEST_SIDE))
    contrast = _contrast(pixels[y0:y1:step, x0:x1:step])
    known = (None, None) if pitch is None else (pitch[0] / step, pitch[1] / step)
    across = _find_comb(contrast.mean(axis=0), known[0])
    down = _find_comb(contrast.mean(axis=1), known[1])
    if across is None or down is None:
        raise _not_found()
    across, down = _trim_to_drops(contrast, across, down)
    return _scaled(across, down, step, region, margin)


def _not_found() -> InputError:
    return InputError(
        "no regular grid of drops stands out; give --grid ROWSxCOLS with --region x0,y0,x1,y1, "
        "or --pitch-mm with --region"
    )


def _contrast(view: NDArray[np.uint8]) -> Floats:
    """Return each pixel's distance, beyond noise, from the median colour of the image's rim."""
    background = np.median(np.concatenate([side.reshape(-1, 3) for side in _rim(view)]), axis=0)
    distance = np.abs(view - background.astype(np.float32)).sum(axis=2, dtype=np.float64)
    noise = 2 * np.median(np.concatenate([side.ravel() for side in _rim(distance)]))
    contrast: Floats = np.clip(distance - noise, 0, np.percentile(distance, 98))
    return contrast


def _rim(view: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return the four sides of an image, a fiftieth of its extent wide."""
    wide = max(1, min(view.shape[:2]) // 50)
    return view[:wide], view[-wide:], view[:, :wide], view[:, -wide:]


# Along one axis


def _find_comb(profile: Floats, pitch: float | None) -> _Comb | None:
    """Return the cells of a periodic profile, as many as fit; None if it is not periodic."""
    if pitch is None:
        pitch = _coarse_pitch(profile)
    if pitch is None or not _LEAST_PITCH <= pitch <= profile.size / 2:
        return None
    detail = _high_pass(profile, pitch)
    pitch, centre = _refine(detail, pitch)
    start = (centre - pitch / 2) % pitch
    if start > (1 - _EDGE) * pitch:
        start -= pitch
    count = math.floor((profile.size - start) / pitch + _EDGE)
    return _Comb(start, pitch, count)


def _coarse_pitch(profile: Floats) -> float | None:
    """Return the shortest lag, in whole pixels, at which the profile resembles itself."""
    lags = np.arange(_LEAST_PITCH, profile.size // 2 + 1)
    if lags.size < 3:
        return None
    likeness = np.array([_likeness(profile, int(lag)) for lag in lags])
    best = likeness.max()
    if best < _LEAST_LIKENESS:
        return None
    peak = np.ones(lags.size, bool)
    peak[1:] &= likeness[1:] >= likeness[:-1]
    peak[:-1] &= likeness[:-1] >= likeness[1:]
    # Multiples of the pitch resemble as much; the first lag that nearly does is the pitch.
    return float(lags[peak & (likeness >= 0.85 * best)][0])


def _likeness(profile: Floats, lag: int) -> float:
    """Return the correlation, -1 to 1, of a profile's detail with itself `lag` pixels further."""
    detail = _high_pass(profile, lag)
    here, there = detail[:-lag], detail[lag:]
    power = float(here @ here + there @ there)
    return 2 * float(here @ there) / power if power > 0 else 0.0


def _high_pass(profile: Floats, width: float) -> Floats:
    """Subtract the mean over one pitch, which leaves what repeats with it and removes slopes."""
    size = max(3, round(width))
    padded = np.pad(profile, size, mode="edge")
    total = np.concatenate([[0.0], np.cumsum(padded)])
    mean = (total[size:] - total[:-size]) / size
    first = size - (size - 1) // 2
    detail: Floats = profile - mean[first : first + profile.size]
    return detail


def _refine(detail: Floats, pitch: float) -> tuple[float, float]:
    """Return the pitch to a fraction of a pixel, and a drop's centre.

    The pitch maximises the power of the first three harmonics; the phase of the first is the
    centre of what repeats.
    """
    x = np.arange(detail.size)
    reach = min(1.0, pitch * pitch / detail.size)
    pitches = pitch + np.linspace(-reach, reach, 81)
    harmonics = np.arange(1, 4)[:, None, None] / pitches[:, None]
    power = np.abs(np.exp(-2j * np.pi * harmonics * x) @ detail) ** 2
    fine = float(pitches[power.sum(axis=0).argmax()])
    phase = np.angle(np.exp(-2j * np.pi * x / fine) @ detail)
    centre = float(-phase / (2 * np.pi) * fine)
    # The rims of drops with pale centres may repeat half a pitch off: glass is at the borders.
    if _level_at(detail, fine, centre) < _level_at(detail, fine, centre + fine / 2):
        centre += fine / 2
    return fine, centre % fine


def _level_at(detail: Floats, pitch: float, place: float) -> float:
    """Return the mean of a profile within a tenth of a pitch of `place` and its repeats."""
    distance = (np.arange(detail.size) - place + pitch / 2) % pitch - pitch / 2
    return float(detail[np.abs(distance) <= max(1.0, pitch / 10)].mean())


# In the plane


def _trim_to_drops(contrast: Floats, across: _Comb, down: _Comb) -> tuple[_Comb, _Comb]:
    """Return the combs cut down to the rows and columns that hold drops."""
    inside = _cell_means(contrast, across, down, 0.1, 0.9)
    outside = (_cell_means(contrast, across, down, 0.0, 1.0) - 0.64 * inside) / 0.36
    excess = inside - outside
    filled = excess > max(1.0, 0.1 * float(np.percentile(excess, 90)))
    first_row, last_row = _span(filled.sum(axis=1))
    first_column, last_column = _span(filled[first_row:last_row].sum(axis=0))
    block = np.s_[first_row:last_row, first_column:last_column]
    rows, columns = filled[block].shape
    if min(rows, columns) < 2 or filled[block].mean() < _LEAST_FILL:
        raise _not_found()
    across = _Comb(across.start + first_column * across.pitch, across.pitch, columns)
    down = _Comb(down.start + first_row * down.pitch, down.pitch, rows)
    if _resemblance(contrast, across, down, filled[block]) < _LEAST_RESEMBLANCE:
        raise _not_found()
    return across, down


def _cell_means(contrast: Floats, across: _Comb, down: _Comb, low: float, high: float) -> Floats:
    """Return the mean (rows, columns) of every cell from `low` to `high` of its sides."""
    total = np.pad(contrast.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    height, width = contrast.shape

    def edges(comb: _Comb, share: float, size: int) -> NDArray[np.int64]:
        places = np.rint(comb.borders()[:-1] + share * comb.pitch).astype(np.int64)
        return places.clip(0, size)

    top, bottom = edges(down, low, height)[:, None], edges(down, high, height)[:, None]
    left, right = edges(across, low, width), edges(across, high, width)
    sums = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return np.asarray(sums / np.maximum((bottom - top) * (right - left), 1))


def _span(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and one past the last index whose count is not stray."""
    places = np.flatnonzero(counts >= max(1.0, 0.3 * counts.max(initial=0)))
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _resemblance(contrast: Floats, across: _Comb, down: _Comb, filled: NDArray[np.bool_]) -> float:
    """Return the median correlation of the filled cells with what they look like on average."""
    share = (np.arange(16) + 0.5) / 16
    x = across.borders()[:-1, None] + share * across.pitch
    y = down.borders()[:-1, None] + share * down.pitch
    x = x.astype(int).clip(0, contrast.shape[1] - 1)
    y = y.astype(int).clip(0, contrast.shape[0] - 1)
    patches = contrast[y[:, None, :, None], x[None, :, None, :]][filled].reshape(-1, 256)
    patches = patches - patches.mean(axis=1, keepdims=True)
    patches /= np.linalg.norm(patches, axis=1, keepdims=True) + 1e-9
    typical = patches.mean(axis=0)
    return float(np.median(patches @ typical) / (np.linalg.norm(typical) + 1e-9))


def _scaled(across: _Comb, down: _Comb, step: int, region: Box, margin: float) -> Grid:
    """Return the combs as a grid of the whole image, cells shrunk to lie inside the region."""
    pitch = across.pitch * step, down.pitch * step
    # Pixel i is centred on i + 0.5.
    left, top = region[0] + across.start * step + 0.5, region[1] + down.start * step + 0.5
    right, bottom = left + across.count * pitch[0], top + down.count * pitch[1]
    over_x = max(region[0] - left, right - region[2], 0.0)
    over_y = max(region[1] - top, bottom - region[3], 0.0)
    size = trimmed(pitch, margin, (2 * over_x, 2 * over_y))
    return Grid(down.count, across.count, left, top, pitch, size)
