"""Numbers from a seed are normal, independent of each other, and the same in every runtime."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
stats = pytest.importorskip("scipy.stats")

from xmodkit.modality import Field  # noqa: E402
from xmodkit_exporters.onnx import check_parity, to_onnx  # noqa: E402
from xmodkit_saxs_sem.models.noise import normal, uniform  # noqa: E402

SEED = Field("seed", dtype="int64")  # its batch axis: the members
EXTREME = np.array([-(2**63), -(2**31), -1, 0, 1, 2**31 - 1, 2**62 + 11, 2**63 - 1])
LIMIT = 4.5  # standard errors


class _Noise(torch.nn.Module):
    def forward(self, seed: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"noise": normal(seed, 1153, stream=1)}


def _numbers(first: int = 0, stream: int = 0) -> np.ndarray:
    return normal(torch.arange(first, first + 40), 9216, stream).numpy().astype(float)


def _standard_errors(one: np.ndarray, other: np.ndarray) -> float:
    return float(abs((one * other).mean()) * np.sqrt(one.size))


@pytest.mark.parametrize(("first", "stream"), [(0, 0), (0, 7), (-40, 1), (2**62, 3)])
def test_numbers_are_normal(first: int, stream: int) -> None:
    numbers = _numbers(first, stream)
    assert np.isfinite(numbers).all()
    assert abs(numbers.mean()) * np.sqrt(numbers.size) < LIMIT
    assert abs((numbers**2).mean() - 1) * np.sqrt(numbers.size / 2) < LIMIT
    assert abs((numbers**3).mean()) * np.sqrt(numbers.size / 15) < LIMIT
    assert abs((numbers**4).mean() - 3) * np.sqrt(numbers.size / 96) < LIMIT
    assert stats.kstest(numbers.ravel(), "norm").pvalue > 1e-4


def test_numbers_do_not_tell_of_their_neighbours_nor_of_other_seeds_and_streams() -> None:
    numbers = _numbers()
    for step in (1, 2, 96, 4608):  # 4608: the other number of the same pair
        assert _standard_errors(numbers[:, :-step], numbers[:, step:]) < LIMIT
    assert _standard_errors(numbers[:-1], numbers[1:]) < LIMIT
    assert _standard_errors(numbers, _numbers(stream=1)) < LIMIT


def test_pairs_of_neighbours_fill_the_square_evenly() -> None:
    """Linear generators fail here: their pairs lie on few lines."""
    numbers = uniform(torch.arange(-100, 100), 5000).numpy()
    for one, other in ((numbers[:, :-1], numbers[:, 1:]), (numbers[:-1], numbers[1:])):
        counts = np.histogram2d(one.ravel(), other.ravel(), 32, [[0, 1], [0, 1]])[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-5


def test_every_seed_and_every_stream_gives_other_numbers() -> None:
    numbers = np.concatenate([_numbers(), _numbers(stream=1)])
    assert len(np.unique(numbers.round(4), axis=0)) == 80
    images = numbers[:40] > 0.5
    assert len(np.unique(images, axis=0)) == 40


def test_any_seed_will_do() -> None:
    numbers = normal(torch.tensor(EXTREME), 1000).numpy()
    assert np.isfinite(numbers).all()
    assert len(np.unique(numbers[:, 0])) == len(EXTREME)


def test_a_row_is_as_long_as_its_count() -> None:
    for count in (1, 2, 7):
        assert normal(torch.tensor([3]), count).shape == (1, count)


def test_a_graph_gives_the_same_numbers() -> None:
    import onnxruntime

    data = to_onnx(_Noise(), [SEED], ["noise"], {"seed": EXTREME})
    assert check_parity(_Noise(), data, {"seed": EXTREME}) < 1e-6
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for seeds in (EXTREME, np.arange(40)):
        (found,) = session.run(None, {"seed": seeds})
        expected = normal(torch.tensor(seeds), 1153, stream=1).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-6)
