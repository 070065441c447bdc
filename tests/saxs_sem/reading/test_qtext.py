"""Lines of Qx, Qy and I become frames on their grid, or are refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.reading import qtext
from xmodkit_saxs_sem.reading.frames import read_frames
from xmodkit_saxs_sem.reading.qgrid import gridded, upright

HEADER = "Data columns Qx - Qy - I(Qx,Qy) - err(I)\nASCII data\n"
QX, QY = (q.ravel() for q in np.meshgrid(0.004 * np.arange(-15, 15), 0.004 * np.arange(-12, 12)))


def write(path: Path, columns: list[Any], header: str = HEADER, delimiter: str = "  ") -> Path:
    np.savetxt(
        path, np.column_stack(columns), fmt="%.6g", delimiter=delimiter, header=header, comments=""
    )
    return path


def one(path: Path, options: dict[str, Any] | None = None) -> Sample:
    (item,) = read_frames(path, options or {})
    assert isinstance(item, Sample), item
    return item


@pytest.mark.parametrize(("suffix", "delimiter"), [(".dat", "  "), (".csv", ","), (".txt", "\t")])
def test_columns_become_a_frame_in_inverse_nanometres(
    tmp_path: Path, suffix: str, delimiter: str
) -> None:
    """Rows of the file in any order; points of no intensity and no error are masked."""
    intensity = 1 + 100 * ((QX == 0.02) & (QY == 0.032))
    error = np.ones(QX.size)
    intensity[:3], error[:2] = 0, 0
    order = np.random.default_rng(3).permutation(QX.size)
    columns = [column[order] for column in (QX, QY, intensity, error)]
    sample = one(write(tmp_path / f"a{suffix}", columns, delimiter=delimiter))
    found = sample.arrays["saxs"]
    assert found["intensity"].shape == (24, 30)
    at = np.unravel_index(found["intensity"].argmax(), (24, 30))
    assert (found["qx"][at], found["qy"][at]) == pytest.approx((0.2, 0.32))
    assert found["mask"].sum() == QX.size - 2
    assert not found["mask"][-1, :2].any()  # the lowest qy is at the bottom


def test_the_header_or_the_option_says_the_unit(tmp_path: Path) -> None:
    """And without either 1/A is taken, with a notice."""
    nanometres = [QX * 10, QY * 10, np.ones(QX.size)]
    sample = one(write(tmp_path / "a.dat", nanometres, "Qx (1/nm) Qy (1/nm) I"))
    assert sample.arrays["saxs"]["qx"].max() == pytest.approx(0.56)
    sample = one(write(tmp_path / "a.dat", nanometres, "Qx Qy I"), {"q_unit": "1/nm"})
    assert sample.arrays["saxs"]["qx"].max() == pytest.approx(0.56)
    sample = one(write(tmp_path / "a.dat", [QX, QY, np.ones(QX.size)], "Qx Qy I"))
    assert any("1/A" in text for text in sample.notices)


def test_missing_points_are_masked(tmp_path: Path) -> None:
    """A beam stop that was left out of the file leaves a hole."""
    kept = np.hypot(QX, QY) > 0.01
    found = one(write(tmp_path / "a.dat", [QX[kept], QY[kept], np.ones(kept.sum())])).arrays["saxs"]
    assert found["mask"].sum() == kept.sum()
    assert not found["mask"][11, 15]
    assert np.hypot(found["qx"][11, 15], found["qy"][11, 15]) < 0.05


def test_the_gap_between_modules_stays_where_it_was(tmp_path: Path) -> None:
    """Rows and columns without any point are put in, masked, so that pixels stay equally far."""
    column, row = np.rint(QX / 0.004), np.rint(QY / 0.004)
    kept = ~np.isin(column, (3, 4, 5)) & ~np.isin(row, (-7, -6))
    path = write(tmp_path / "a.dat", [QX[kept], QY[kept], np.ones(kept.sum())])
    found = one(path).arrays["saxs"]
    assert found["mask"].shape == (24, 30)
    assert np.flatnonzero(~found["mask"].any(axis=0)).tolist() == [18, 19, 20]
    assert np.flatnonzero(~found["mask"].any(axis=1)).tolist() == [17, 18]
    np.testing.assert_allclose(np.diff(found["qx"], axis=1), 0.04, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing here\n" * 5, "no lines of numbers"),
        ("1 2 3\n1 2\n", "equally many numbers"),
        ("1 2 3\n1 x 3\n", "numbers expected"),
        ("".join(f"{a} {a * 7 % 11} 1\n" for a in range(300)), "regular grid"),
        ("0.1 0.2 1\n" * 300, "regular grid"),
        ("nan 0.2 1\n" * 300, "not a number"),
        ("1 2\n" * 300, "no lines of numbers"),
    ],
)
def test_other_texts_are_refused(tmp_path: Path, text: str, why: str) -> None:
    """One line each."""
    (tmp_path / "a.dat").write_text(text)
    (item,) = read_frames(tmp_path / "a.dat", {})
    assert isinstance(item, Failure)
    assert why in item.error


def test_random_places_are_refused(tmp_path: Path) -> None:
    """They form no grid."""
    qx, qy = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 500))
    (item,) = read_frames(write(tmp_path / "a.dat", [qx, qy, np.ones(500)]), {})
    assert isinstance(item, Failure)
    assert "rebin" in item.error


def test_too_many_lines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And read no further than the limit."""
    monkeypatch.setattr(qtext, "_MOST_LINES", 100)
    (item,) = read_frames(write(tmp_path / "a.dat", [QX, QY, np.ones(QX.size)]), {})
    assert isinstance(item, Failure)
    assert "over 100 lines" in item.error
    monkeypatch.setattr(qtext, "_LARGEST", 1000)
    (item,) = read_frames(tmp_path / "a.dat", {})
    assert isinstance(item, Failure)
    assert "MB of text" in item.error


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 20), st.integers(8, 20), st.integers(0, 2**31), st.floats(1e-4, 10))
def test_shuffled_points_of_a_grid_come_back(
    rows: int, columns: int, seed: int, step: float
) -> None:
    """Whatever its size and scale, with places known to a hundredth of a step."""
    rng = np.random.default_rng(seed)
    qx, qy = np.meshgrid(step * np.arange(columns), step * np.arange(rows)[::-1])
    values, order = rng.random((rows, columns)), rng.permutation(rows * columns)
    jitter = step * rng.uniform(-0.01, 0.01, (2, rows * columns))
    points = [qx.ravel()[order] + jitter[0], qy.ravel()[order] + jitter[1], values.ravel()[order]]
    found = gridded(points[0], points[1], points[2], np.ones(rows * columns, bool))
    np.testing.assert_array_equal(found[2], values)
    np.testing.assert_allclose(found[0], qx, atol=0.02 * step)
    assert found[3].all()
    assert upright(found[0], found[1])[0].shape == (rows, columns)
