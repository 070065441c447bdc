"""Statistics inside graphs equal those of the metrics, export, and have gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from xmodkit.modality import Axis, Field  # noqa: E402
from xmodkit_exporters.onnx import check_parity, to_onnx  # noqa: E402
from xmodkit_saxs_sem import metrics  # noqa: E402
from xmodkit_saxs_sem.modalities import SIZE  # noqa: E402
from xmodkit_saxs_sem.models.statistics import lineal_path, two_point  # noqa: E402

IMAGES = Field("images", (Axis("y", SIZE), Axis("x", SIZE)))


class _Statistics(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "two_point": two_point(images),
            "vertical": lineal_path(images, True),
            "horizontal": lineal_path(images, False),
        }


def _images() -> np.ndarray:
    rng = np.random.default_rng(3)
    random = rng.random((2, 4, SIZE, SIZE)) < rng.uniform(0.1, 0.9, (2, 4, 1, 1))
    stripes = np.sin(np.arange(SIZE) * np.arange(1, 5)[:, None] / 7) > 0
    random[0] = stripes[:, None, :]
    random[1, 0], random[1, 1] = False, True
    return random.astype(np.float32)


def test_they_equal_the_metrics() -> None:
    images = _images()
    found = _Statistics()(torch.tensor(images))
    assert found["two_point"].shape == (2, 4, 48)
    np.testing.assert_allclose(found["two_point"], metrics.two_point(images), atol=5e-6)
    for name in ("vertical", "horizontal"):
        expected = metrics.lineal_path(images, name == "vertical")
        np.testing.assert_allclose(found[name], expected, atol=1e-6)


def test_they_export() -> None:
    rows = {"images": _images()[0]}
    data = to_onnx(_Statistics(), [IMAGES], ["two_point", "vertical", "horizontal"], rows)
    assert check_parity(_Statistics(), data, rows) < 1e-6
    assert len(data) < 700_000


def test_gradients_foretell_a_small_step() -> None:
    rng = np.random.default_rng(1)
    images = torch.tensor(rng.random((2, SIZE, SIZE)), requires_grad=True)
    step = 1e-5 * torch.tensor(rng.normal(size=(2, SIZE, SIZE)))
    before, after = _Statistics()(images), _Statistics()(images + step)
    for name, statistic in before.items():
        (gradient,) = torch.autograd.grad(statistic[:, 1].sum(), images, retain_graph=True)
        change = (after[name] - statistic)[:, 1].sum().item()
        assert change == pytest.approx((gradient * step).sum().item(), rel=1e-3)


def test_the_gradient_of_a_lineal_path_counts_what_a_pixel_joins() -> None:
    """In a white image a pixel lies in as many segments of k + 1 pixels as there are places."""
    images = torch.ones(SIZE, SIZE, requires_grad=True)
    lineal_path(images, vertical=True)[2].backward()
    segments = (SIZE - 2) * SIZE
    assert images.grad is not None
    np.testing.assert_allclose(images.grad[:4, 0] * segments, [1, 2, 3, 3], rtol=1e-5)
