"""Loading by a file's path refuses what that file cannot mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xmodkit
from xmodkit.errors import DataError, UsageError


def test_a_model_file_is_loaded_for_its_own_route_alone(tiny_model: Path):
    for written in ("scan:level", "scan->level", None):
        assert xmodkit.load(tiny_model, route=written).predictor.route.name == "scan:level"
    with pytest.raises(UsageError, match=r"route 'scan:scan': .*tiny\.onnx predicts scan:level"):
        xmodkit.load(tiny_model, route="scan:scan")


def test_a_batch_of_no_samples_is_refused(tiny_model: Path):
    with pytest.raises(DataError, match="an empty batch given, at least one sample expected"):
        xmodkit.load(tiny_model)(np.zeros((0, 4, 5, 3), np.uint8))
