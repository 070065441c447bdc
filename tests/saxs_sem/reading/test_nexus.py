"""HDF5 frames: q axes in their unit, masks, several frames in one file, hostile shapes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit.pair import Failure, Sample
from xmodkit_saxs_sem.reading.frames import read_frames

h5py = pytest.importorskip("h5py")

Spot = Callable[..., NDArray[np.float64]]

AXIS = 0.02 * (np.arange(100) - 49.5)  # 1/nm


def write(
    path: Path, arrays: dict[str, Any], units: str = "1/nm", group: str = "entry/data"
) -> None:
    """Add a NXcanSAS group to a file."""
    with h5py.File(path, "a") as file:
        made = file.create_group(group)
        made.attrs["canSAS_class"] = "SASdata"
        for name, values in arrays.items():
            made[name] = values
        for name in ("Qx", "Qy"):
            made[name].attrs["units"] = units


def maps(spot: NDArray[np.float64]) -> dict[str, Any]:
    """Return a frame as NXcanSAS files hold it, qy growing with the row."""
    qx, qy = np.meshgrid(AXIS, AXIS)
    return {"I": spot[::-1], "Qx": qx, "Qy": qy}


def samples(path: Path, options: dict[str, Any] | None = None) -> list[Sample]:
    found = list(read_frames(path, options or {}))
    assert all(isinstance(item, Sample) for item in found), found
    return found  # type: ignore[return-value]


def refused(path: Path) -> str:
    (item,) = read_frames(path, {})
    assert isinstance(item, Failure)
    return item.error


def place(sample: Sample) -> tuple[float, float]:
    found = sample.arrays["saxs"]
    at = np.unravel_index(found["intensity"].argmax(), found["intensity"].shape)
    return float(found["qx"][at]), float(found["qy"][at])


@pytest.mark.parametrize("turn", [lambda a: a, np.transpose, np.flipud, np.fliplr])
def test_rows_in_any_order_come_out_upright(
    tmp_path: Path, spot: Spot, turn: Callable[[Any], Any]
) -> None:
    """Qx grows to the right and qy upwards, and the spot stays at its q."""
    arrays = {name: turn(values) for name, values in maps(spot(0.31, 0.11)).items()}
    write(tmp_path / "a.h5", arrays)
    (sample,) = samples(tmp_path / "a.h5")
    found = sample.arrays["saxs"]
    assert (np.diff(found["qx"], axis=1) > 0).all()
    assert (np.diff(found["qy"], axis=0) < 0).all()
    assert place(sample) == pytest.approx((0.31, 0.11), abs=1e-5)


@pytest.mark.parametrize("units", ["1/A", "1/angstrom", "Å^{-1}", "A^-1"])
def test_inverse_angstroms_become_inverse_nanometres(
    tmp_path: Path, spot: Spot, units: str
) -> None:
    """However they are written."""
    arrays = maps(spot(0.31, 0.11))
    write(tmp_path / "a.h5", {**arrays, "Qx": arrays["Qx"] / 10, "Qy": arrays["Qy"] / 10}, units)
    (sample,) = samples(tmp_path / "a.h5")
    assert place(sample) == pytest.approx((0.31, 0.11), abs=1e-5)
    assert not sample.notices


def test_a_unit_nobody_knows_is_taken_as_usual(tmp_path: Path, spot: Spot) -> None:
    """And the option decides: what is refused in 1/A is read in 1/nm."""
    write(tmp_path / "a.h5", maps(spot()), "furlongs")
    assert "--q-unit" in refused(tmp_path / "a.h5")  # ten times too large in 1/A
    (sample,) = samples(tmp_path / "a.h5", {"q_unit": "1/nm"})
    assert place(sample) == pytest.approx((0.29, 0.11), abs=0.021)


def test_what_was_not_measured_is_masked(tmp_path: Path, spot: Spot) -> None:
    """NaN, a mask that is true, and no intensity without an error."""
    arrays = maps(spot())
    counts, mask = arrays["I"].copy(), np.zeros((100, 100), bool)
    deviation = np.sqrt(counts)
    counts[3], counts[4], deviation[4], counts[5] = np.nan, 0, 0, 0
    mask[6] = True
    write(tmp_path / "a.h5", {**arrays, "I": counts, "Idev": deviation, "mask": mask})
    (sample,) = samples(tmp_path / "a.h5")
    found = sample.arrays["saxs"]
    assert np.flatnonzero(~found["mask"].any(axis=1)).tolist() == [93, 95, 96]
    assert any("no error" in text for text in sample.notices)


def test_entries_and_frames_are_samples_of_their_own(tmp_path: Path, spot: Spot) -> None:
    """Named by both, with one-dimensional axes too."""
    write(
        tmp_path / "a.h5",
        {"I": np.stack([spot(), 2 * spot()]), "Qx": AXIS, "Qy": -AXIS},
        group="first/d",
    )
    write(tmp_path / "a.h5", maps(spot()), group="second/d")
    found = samples(tmp_path / "a.h5")
    assert [s.id for s in found] == ["a-first-1", "a-first-2", "a-second"]
    assert [s.ordinal for s in found] == [0, 1, 2]
    assert found[1].arrays["saxs"]["intensity"].max() == 2000


def test_points_in_a_list_are_put_onto_their_grid(tmp_path: Path, spot: Spot) -> None:
    """In any order."""
    order = np.random.default_rng(0).permutation(10_000)
    arrays = {name: values.ravel()[order] for name, values in maps(spot(0.31, 0.11)).items()}
    write(tmp_path / "a.h5", arrays)
    (sample,) = samples(tmp_path / "a.h5")
    assert sample.arrays["saxs"]["intensity"].shape == (100, 100)
    assert place(sample) == pytest.approx((0.31, 0.11), abs=1e-5)


def test_a_signal_without_q_is_a_detector_frame(tmp_path: Path, spot: Spot) -> None:
    """The marks of an Eiger are masked."""
    counts = spot().astype(np.uint32)
    counts[0] = 2**32 - 1
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        group = file.create_group("entry/data")
        group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "data"
        group["data"] = counts[None]
    (sample,) = samples(tmp_path / "a.nxs")
    assert not sample.arrays["saxs"]["mask"][0].any()
    assert sample.arrays["saxs"]["intensity"].max() == 1000
    assert any("q is not known" in text for text in sample.notices)


@pytest.mark.parametrize(
    ("shape", "chunks", "why"),
    [
        ((10**6, 10**6), (100, 100), "at most"),
        ((10**9, 100, 100), (1, 100, 100), "frames declared"),
        ((10, 100, 100), (10, 100, 100), ""),
        ((4000, 100, 100), (4000, 100, 100), "at most 1,000,000"),
    ],
)
def test_shapes_that_are_only_declared_are_refused(
    tmp_path: Path, shape: tuple[int, ...], chunks: tuple[int, ...], why: str
) -> None:
    """A few kilobytes can declare any size."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("entry")
        group.create_dataset("I", shape, "f4", chunks=chunks, compression="gzip", fillvalue=1)
        group["Qx"], group["Qy"] = AXIS, -AXIS
        group["Qx"].attrs["units"] = group["Qy"].attrs["units"] = "1/nm"
    first = next(iter(read_frames(tmp_path / "a.h5", {"max_pixels": 1_000_000})))
    if why:
        assert isinstance(first, Failure)
        assert why in first.error
    else:
        assert isinstance(first, Sample)


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    """Curves, texts, q of another shape."""
    write(tmp_path / "curve.h5", {"I": np.ones(50), "Qx": np.ones(50), "Qy": np.ones(50)})
    assert "grid" in refused(tmp_path / "curve.h5")
    write(tmp_path / "shape.h5", {"I": np.ones((50, 50)), "Qx": np.ones((9, 9)), "Qy": np.ones(50)})
    assert "equal shapes" in refused(tmp_path / "shape.h5")
    with h5py.File(tmp_path / "text.h5", "w") as file:
        file["entry/I"] = "words"
    assert "NXcanSAS" in refused(tmp_path / "text.h5")
    content = (tmp_path / "shape.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    assert "damaged" in refused(tmp_path / "cut.h5")
