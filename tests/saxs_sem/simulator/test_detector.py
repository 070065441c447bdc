"""The detector: q maps whose y points up, a mask of gaps and beam stop, counts of an exposure."""

import numpy as np
import pytest

from xmodkit_saxs_sem.simulator.detector import SIZE, draw_detector, expected_counts, expose
from xmodkit_saxs_sem.simulator.scattering import Scattering

pytest.importorskip("scipy", reason="the simulator needs xmodkit[saxs-sem]")


def _one_peak(kx, ky):
    """Return the scattering of one wave vector and its opposite, as broad Gaussians."""
    step, size = 0.00614, 320
    q = step * (np.arange(size) - size // 2)
    qx, qy = np.meshgrid(q, -q)
    power = sum(np.exp(-0.5 * ((qx - s * kx) ** 2 + (qy - s * ky) ** 2) / 0.01**2) for s in (1, -1))
    return Scattering((power + 1e-6).astype(np.float32), step, 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_a_peak_is_counted_where_the_q_maps_say_it_lies(seed):
    detector = draw_detector(np.random.default_rng(seed))
    qx, qy = detector.q()
    expected = expected_counts(_one_peak(0.2, 0.1), detector)
    assert expected.shape == (SIZE, SIZE)
    place = np.argmax(np.where(qx > 0.05, expected, 0))
    assert qx.flat[place] == pytest.approx(0.2, abs=0.01)
    assert qy.flat[place] == pytest.approx(0.1, abs=0.01)
    assert expected.flat[place] == pytest.approx(detector.counts, rel=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_qy_points_up_and_the_range_is_that_of_the_instrument(seed):
    qx, qy = draw_detector(np.random.default_rng(seed)).q()
    assert (np.diff(qx, axis=1) > 0).all()
    assert (np.diff(qy, axis=0) < 0).all()
    assert 0.6 < qx.max() < 0.95
    assert abs(qx.max() + qx.min()) < 0.15


@pytest.mark.parametrize("seed", range(6))
def test_the_mask_has_a_gap_each_way_and_a_beam_stop_with_its_arm(seed):
    detector = draw_detector(np.random.default_rng(seed))
    mask = detector.mask()
    assert 3 <= (~mask).all(axis=1).sum() <= 5
    assert 3 <= (~mask).all(axis=0).sum() <= 5
    away = np.hypot(*detector.q())
    assert not mask[away < 0.035].any()
    ring = (away > 0.3) & (away < 0.31)
    assert 0.7 < mask[ring].mean() < 1.0


def test_counts_are_whole_and_scatter_as_poisson_says():
    detector = draw_detector(np.random.default_rng(0))
    expected = np.full((SIZE, SIZE), 50.0, np.float32)
    intensity, mask = expose(expected, detector, np.random.default_rng(1))
    counted = intensity[mask == 1]
    assert (counted == np.rint(counted)).all()
    assert counted.mean() == pytest.approx(50.0, rel=0.01)
    assert counted.var() == pytest.approx(50.0, rel=0.05)
    assert not intensity[mask == 0].any()
