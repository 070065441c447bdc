"""Smoothing keeps what is even, spreads what is not, and equals SciPy's away from the border."""

import numpy as np
import pytest

from xmodkit_uvvis.simulator.smoothing import smooth

SPOT = np.zeros((41, 41))
SPOT[20, 20] = 1.0


@pytest.mark.parametrize("sigma", [0.5, 0.9, 2.0])
def test_smoothing_is_a_gaussian_filter(sigma):
    ndimage = pytest.importorskip("scipy.ndimage", reason="the reference needs xmodkit[train]")
    expected = ndimage.gaussian_filter(SPOT, sigma, truncate=8.0)
    np.testing.assert_allclose(smooth(SPOT, sigma)[12:29, 12:29], expected[12:29, 12:29], atol=1e-6)


def test_an_even_field_stays_even_up_to_its_border_in_each_channel():
    np.testing.assert_allclose(smooth(np.full((3, 9, 9), 0.7), 2.0), 0.7)
