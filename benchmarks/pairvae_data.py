"""Simulated films for `pairvae.py`: made once and kept, cropped and split as published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.pair import Sample
from xmodkit.replacing import replacing
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import SIZE
from xmodkit_saxs_sem.models.binarise import WINDOW, Binarise, binary_field
from xmodkit_saxs_sem.models.measured import frames_on_grid
from xmodkit_saxs_sem.simulator import simulate

__all__ = ["FIRST_SEED", "Films", "Truths", "corners", "cropped", "split", "truths"]

FIRST_SEED = 42  # of splits and of crops, as in the authors' notebooks
_PIECE = 20  # films in a file
_FRAME = ("intensity", "mask", "qx", "qy")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Films:
    """Films 0 to `count` of a simulation, kept in files under `folder`."""

    folder: Path
    seed: int
    count: int

    def make(self) -> None:
        """Simulate what is not there yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for start in range(0, self.count, _PIECE):
            if not self._piece(start).exists():
                made = list(simulate(_PIECE, self.seed, {}, start))
                with replacing(self._piece(start)) as partial, partial.open("wb") as file:
                    np.savez(file, **_columns(made))
                print(f"films of seed {self.seed}: {start + _PIECE} of {self.count}", flush=True)

    def samples(self, rows: Sequence[int]) -> Iterator[Sample]:
        """Yield some films, in the order given."""
        start, held = -1, {}
        for row in rows:
            first = int(row) // _PIECE * _PIECE
            if first != start:
                with np.load(self._piece(first)) as file:
                    start, held = first, dict(file)
            yield _sample(held, int(row) - first)

    def _piece(self, start: int) -> Path:
        return self.folder / f"films-{self.seed}-{start:05d}.npz"


def _columns(made: list[Sample]) -> dict[str, NDArray]:
    return {
        "id": np.array([s.id for s in made]),
        "morphology": np.array([s.groups["morphology"] for s in made]),
        "micrograph": np.stack([s.arrays["sem"]["micrograph"] for s in made]),
        "pixel_nm": np.stack([s.arrays["sem"]["pixel_nm"] for s in made]),
        **{name: np.stack([s.arrays["saxs"][name] for s in made]) for name in _FRAME},
    }


def _sample(held: dict[str, NDArray], row: int) -> Sample:
    name = str(held["id"][row])
    arrays = {
        "saxs": {key: held[key][row] for key in _FRAME},
        "sem": {key: np.asarray(held[key][row]) for key in ("micrograph", "pixel_nm")},
    }
    groups = {"sample": name, "morphology": str(held["morphology"][row])}
    return Sample(name, arrays, source="simulated film", ordinal=row, groups=groups)


@dataclass(frozen=True)
class Truths:
    """What is true of films: frames on the grid, crops of their binary fields and those's S(r)."""

    morphology: tuple[str, ...]
    log: Floats  # (n, 96, 96)
    valid: NDArray[np.bool_]
    crops: NDArray[np.uint8]  # (n, crops, 96, 96)
    curves: Floats  # (n, crops, 48)

    def __getitem__(self, rows: NDArray[np.int64]) -> Truths:
        names = tuple(self.morphology[row] for row in rows)
        return Truths(names, self.log[rows], self.valid[rows], self.crops[rows], self.curves[rows])


def truths(films: Films, crops: int, window: int = WINDOW) -> Truths:
    """Return what is true of all films; crops lie at the same corners in each, as published."""
    names, frames, cuts = [], [], []
    binarise = Binarise(window)
    for sample in films.samples(range(films.count)):
        image = sample.arrays["sem"]
        field = binary_field(image["micrograph"], float(image["pixel_nm"]), binarise)
        cuts.append([field[y : y + SIZE, x : x + SIZE] for y, x in corners(crops, field.shape)])
        frames.append(frames_on_grid([sample]))
        names.append(sample.groups["morphology"])
    log, valid = (np.concatenate([frame[part] for frame in frames]) for part in (0, 1))
    bright = np.asarray(cuts)
    return Truths(tuple(names), log, valid, bright, two_point(bright))


def corners(count: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the upper left corners (y, x) of crops in a binary field, one for each crop seed."""
    room = np.array(shape) - SIZE
    drawn = (np.random.default_rng(FIRST_SEED + k).integers(room) for k in range(count))
    return [(int(y), int(x)) for y, x in drawn]


def cropped(sample: Sample, crops: int) -> NDArray[np.uint8]:
    """Return grey crops (crops, 192, 192) of a film's micrograph, at the corners of its truth."""
    image = sample.arrays["sem"]["micrograph"]
    places = corners(crops, (image.shape[0] // 2, image.shape[1] // 2))
    side = 2 * SIZE
    return np.stack([image[2 * y : 2 * y + side, 2 * x : 2 * x + side] for y, x in places])


def split(pairs: int, training: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return training and validation rows of a split: all that are not for training."""
    order = np.random.default_rng(FIRST_SEED + seed).permutation(pairs)
    return order[:training], order[training:]
