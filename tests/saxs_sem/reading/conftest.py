"""A frame with one bright spot, whose place in q is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

SIDE = 100
STEP = 0.02  # 1/nm a pixel, as in the geometries of these tests


@pytest.fixture
def spot() -> Callable[..., NDArray[np.float64]]:
    """Return a function that draws counts with a spot at (qx right, qy up) in 1/nm."""

    def draw(qx: float = 0.3, qy: float = 0.1) -> NDArray[np.float64]:
        frame = np.full((SIDE, SIDE), 10.0)
        frame[round(SIDE / 2 - 0.5 - qy / STEP), round(SIDE / 2 - 0.5 + qx / STEP)] = 1000.0
        return frame

    return draw
