"""Frames of any detector on the models' q grid."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_saxs_sem.modalities import Q_STEP, SIZE  # noqa: E402
from xmodkit_saxs_sem.models.grid import FrameToGrid, mirrored, scaled, unscaled  # noqa: E402

_PEAK = (0.2, 0.1)  # qx, qy in 1/nm


def _frame(rows=192, columns=192, step=0.0083, peak=_PEAK, turned=0.0):
    """Return intensity, mask, qx, qy of a detector that sees a peak and its Friedel mate."""
    y, x = np.meshgrid(
        (rows / 2 - np.arange(rows)) * step,
        (np.arange(columns) - columns / 2) * step,
        indexing="ij",
    )
    c, s = np.cos(turned), np.sin(turned)
    qx, qy = c * x - s * y, s * x + c * y
    spots = [np.exp(-((qx - k * peak[0]) ** 2 + (qy - k * peak[1]) ** 2) / 8e-4) for k in (1, -1)]
    intensity = 1e3 * sum(spots) + 1
    return [a.astype(np.float32) for a in (intensity, np.ones_like(x), qx, qy)]


def _gridded(frame):
    intensity, mask, qx, qy = (torch.from_numpy(a)[None] for a in frame)
    return FrameToGrid()(intensity, mask.to(torch.uint8), qx, qy)


def _place(log):
    row, column = np.unravel_index(int(log[0, : SIZE // 2].argmax()), (SIZE // 2, SIZE))
    return (column - SIZE // 2) * Q_STEP, (SIZE // 2 - row) * Q_STEP


@pytest.mark.parametrize(
    "frame",
    [
        _frame(),
        _frame(rows=301, columns=260, step=0.006),
        _frame(rows=64, columns=64, step=0.026),
        _frame(turned=0.6),
    ],
    ids=["fine", "odd", "coarser than the grid", "turned detector"],
)
def test_a_peak_lies_at_its_q_whatever_the_detector(frame):
    found = _gridded(frame)
    qx, qy = _place(found.log)
    assert abs(qx - _PEAK[0]) < 0.02
    assert abs(qy - _PEAK[1]) < 0.02
    assert found.coverage[0] > 0.95
    assert bool(found.known[0])


def test_the_grid_is_alike_at_q_and_minus_q():
    found = _gridded(_frame())
    assert torch.equal(found.log, mirrored(found.log))
    assert torch.equal(found.valid, mirrored(found.valid))


def test_masked_pixels_do_not_count_and_their_friedel_mates_stand_in():
    intensity, mask, qx, qy = _frame()
    hidden = np.hypot(qx - _PEAK[0], qy - _PEAK[1]) < 0.08
    mask[hidden] = 0
    broken = np.where(hidden, 1e9, intensity).astype(np.float32)  # what a dead pixel may hold
    found = _gridded((broken, mask, qx, qy))
    whole = _gridded((intensity, np.ones_like(mask), qx, qy))
    # At the edge of what is hidden places have fewer pixels, off their middle: a seventh at most.
    torch.testing.assert_close(found.log, whole.log, atol=7e-2, rtol=0)
    assert float((found.log - whole.log).abs().median()) < 1e-3


def test_what_is_masked_on_both_sides_is_not_measured():
    intensity, mask, qx, qy = _frame()
    mask[np.hypot(qx, qy) < 0.1] = 0
    found = _gridded((intensity, mask, qx, qy))
    assert found.valid[0, SIZE // 2, SIZE // 2] == 0
    assert found.log[0, SIZE // 2, SIZE // 2] == 0
    assert found.coverage[0] < 1


def test_the_scale_of_intensity_does_not_matter():
    intensity, mask, qx, qy = _frame()
    one, other = (_gridded((k * intensity, mask, qx, qy)).log for k in (1.0, 37.0))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_frames_without_q_are_laid_on_the_grid_as_they_are_and_said_to_be_so():
    intensity, mask, qx, qy = _frame(SIZE, SIZE, Q_STEP)
    nothing = np.zeros_like(qx)
    found = _gridded((intensity, mask, nothing, nothing))
    assert not bool(found.known[0])
    known = _gridded((intensity, mask, qx, qy))
    assert found.log.shape == known.log.shape
    assert found.log.max() > 1


@pytest.mark.parametrize("level", [0.0, -5.0])
def test_empty_and_negative_frames_give_finite_numbers(level):
    intensity, mask, qx, qy = _frame()
    found = _gridded((np.full_like(intensity, level), mask, qx, qy))
    assert torch.isfinite(found.log).all()


def test_scaling_to_a_picture_and_back_changes_nothing():
    log = torch.linspace(-3.9, 2.9, 50)
    torch.testing.assert_close(unscaled(scaled(log)), log)
