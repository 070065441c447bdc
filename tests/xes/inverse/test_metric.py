import numpy as np

from xmodkit_xes.inverse.metric import Metric

RNG = np.random.default_rng(0)
PRECISION = RNG.uniform(0.5, 2.0, (3, 7))
MODES = RNG.standard_normal((2, 7))
ROWS = np.array([2, 0, 0, 1])


def dense(row: int) -> np.ndarray:
    return np.linalg.inv(np.diag(1 / PRECISION[row]) + MODES.T @ MODES)


def test_products_are_those_of_the_dense_covariance() -> None:
    columns = RNG.standard_normal((4, 3, 7))
    found = Metric(PRECISION, MODES).gram(columns, ROWS)
    wanted = [c @ dense(row) @ c.T for c, row in zip(columns, ROWS, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_the_square_is_the_product_with_itself() -> None:
    residual = RNG.standard_normal((4, 7))
    metric = Metric(PRECISION, MODES)
    gram = metric.gram(residual[:, None], ROWS)[:, 0, 0]
    np.testing.assert_allclose(metric.square(residual, ROWS), gram)


def test_channels_without_precision_and_curves_of_modes_cost_nothing_or_little() -> None:
    precision = np.ones((1, 7))
    precision[0, 3] = 0
    metric = Metric(precision, 1e3 * MODES)
    residual = 0.5 * MODES[:1] + 100 * np.eye(7)[3]
    assert metric.square(residual, np.array([0]))[0] < 1e-5
    weights = metric.weights_of(residual, np.array([0]))
    np.testing.assert_allclose(weights, [[0.5e-3, 0]], atol=1e-7)


def test_no_modes_leave_plain_weighted_squares() -> None:
    residual = RNG.standard_normal((3, 7))
    found = Metric(PRECISION, np.zeros((0, 7))).square(residual, np.arange(3))
    np.testing.assert_allclose(found, (PRECISION * residual**2).sum(axis=1))
