"""Crystals for `imatgen.py`: read once, brought to their canonical form, kept, and split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import XmodError
from xmodkit.pair import Failure, Sample
from xmodkit.replacing import replacing
from xmodkit.train.splits import Splits, split_by_group
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.simulator.datasets import read_omnixas, read_perov5
from xmodkit_crystal.simulator.samples import crystal_sample
from xmodkit_crystal.simulator.simulate import VERSION, simulate
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import MOST_ATOMS, check_limits

__all__ = [
    "SETS",
    "VO",
    "Crystals",
    "crystal",
    "digest",
    "fits_published",
    "pack",
    "save",
    "unpack",
]

# Published sets by name: all are calculated (DFT), none is measured.
SETS: Mapping[str, tuple[str, Callable[[Path], Iterator[Sample | Failure]]]] = {
    "perov_5": ("perov_5/structures.csv.gz", read_perov5),
    "omnixas_cu": ("omnixas_cu/poscar.zip", read_omnixas),
}
VO = ("V", "O")
_PUBLISHED_A, _OURS_A = 10.0, 13.5  # longest edges of a cell


@dataclass(frozen=True)
class Crystals:
    """The sets: raw files below `data`, canonical crystals below `work`.

    Rows are split by formula with a `seed`, or as a finished run's `split.csv` (`split`) says.
    `vo` crystals of V and O are simulated with `vo_seed`.
    """

    data: Path
    work: Path
    seed: int
    split: Path | None = None
    vo: int = 2000
    vo_seed: int = 11

    @property
    def told(self) -> str:
        """Which split it is, for tables."""
        return f"seed {self.seed}" if self.split is None else f"split of {self.split.parent.name}"

    def published(self, name: str) -> list[Sample]:
        """Return a set's crystals that fit the published images (20 atoms, edges of 10 A)."""
        path = self.work / "crystals" / f"{name}.npz"
        if not path.exists():
            file, read = SETS[name]
            _write(path, _fitting(read(self.data / file), _PUBLISHED_A))
        return list(_read(path))

    def oxides(self) -> list[Sample]:
        """Return simulated crystals of V and O to learn from: no phase that is known."""
        return self.simulated(self.vo, self.vo_seed, without_known=True)

    def simulated(self, n: int, seed: int, *, without_known: bool) -> list[Sample]:
        """Return simulated crystals of V and O, with known phases or without."""
        name = f"vo-{VERSION}-{seed}-{n}{'' if without_known else '-known'}"
        path = self.work / "crystals" / f"{name}.npz"
        if not path.exists():
            made = simulate(n, seed, VO, without_known=without_known)
            _write(path, _fitting(made, _OURS_A))
        return list(_read(path))

    def parts(self, name: str) -> tuple[list[Sample], list[Sample]]:
        """Return a set's training and test rows, in a random order; no formula is in both."""
        samples = self.published(name)
        part_of = self._part_of(samples)
        order = np.random.default_rng(self.seed).permutation(len(samples))
        rows = [samples[row] for row in order]
        known, held = (
            [sample for sample in rows if part_of.get(sample.id) == part]
            for part in ("train", "test")
        )
        return known, held

    def _part_of(self, samples: Sequence[Sample]) -> dict[str, str]:
        ids = [sample.id for sample in samples]
        splits = None if self.split is None else Splits.load(self.split)
        if splits is None or not set(ids) & set(splits.ids):  # all new to the run: none was there
            splits = split_by_group(ids, [s.groups["formula"] for s in samples], self.seed)
        return dict(zip(splits.ids, splits.parts, strict=True))


def crystal(sample: Sample) -> Crystal:
    """Return the crystal of a sample."""
    return to_crystal(sample.arrays["crystal"])


def fits_published(sample: Sample) -> bool:
    """Return whether a crystal's cell fits the published images."""
    return bool(crystal(sample).lengths.max() <= _PUBLISHED_A)


def digest(samples: Iterable[Sample]) -> str:
    """Return a short name of which samples these are."""
    names = "\n".join(sorted(sample.id for sample in samples))
    return hashlib.sha256(names.encode()).hexdigest()[:8]


def pack(crystals: Sequence[Crystal | None]) -> dict[str, NDArray]:
    """Return crystals as padded arrays; None has no atoms."""
    most = max((len(one) for one in crystals if one is not None), default=1)
    numbers = np.zeros((len(crystals), most), np.int64)
    fractional = np.zeros((len(crystals), most, 3))
    cells = np.full((len(crystals), 3, 3), np.nan)
    for row, one in enumerate(crystals):
        if one is not None:
            numbers[row, : len(one)], cells[row] = one.numbers, one.cell
            fractional[row, : len(one)] = one.fractional
    return {"numbers": numbers, "fractional": fractional, "cell": cells}


def unpack(arrays: Mapping[str, NDArray]) -> list[Crystal | None]:
    """Return what `pack` was given."""
    found = []
    for numbers, fractional, cell in zip(
        *(arrays[name] for name in ("numbers", "fractional", "cell")), strict=True
    ):
        atoms = numbers > 0
        found.append(Crystal(numbers[atoms], fractional[atoms], cell) if atoms.any() else None)
    return found


def save(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Write arrays in one step: a killed benchmark leaves a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _fitting(items: Iterable[Sample | Failure], longest: float) -> Iterator[tuple[Sample, Crystal]]:
    for item in items:
        if isinstance(item, Failure):
            continue
        try:
            whole = canonical(crystal(item), most_atoms=MOST_ATOMS)
            check_limits(whole, longest_edge=longest)
        except XmodError:
            continue
        yield item, whole


def _write(path: Path, items: Iterable[tuple[Sample, Crystal]]) -> None:
    samples, crystals = zip(*items, strict=True)
    told = {
        "id": np.array([sample.id for sample in samples]),
        "prototype": np.array([sample.groups.get("prototype", "") for sample in samples]),
        "energy": np.array([s.metadata.get("heat_all", np.nan) for s in samples], float),
    }
    save(path, {**told, **pack(crystals)})
    print(f"{path.stem}: {len(samples)} crystals fit", flush=True)


def _read(path: Path) -> Iterator[Sample]:
    with np.load(path) as file:
        held = dict(file)
    for row, one in enumerate(unpack(held)):
        assert one is not None
        energy, prototype = float(held["energy"][row]), str(held["prototype"][row])
        known = {} if np.isnan(energy) else {"formation_energy": energy}
        groups = {"prototype": prototype} if prototype else {}
        yield crystal_sample(one, str(held["id"][row]), known, groups, path.stem, row)
