"""Files that `xmod ingest` takes: published sets of crystals, and structure files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_crystal.reading.crystals import read_crystals
from xmodkit_crystal.simulator.datasets import read_omnixas, read_perov5

__all__ = ["RAW_SUFFIXES", "read_raw"]

RAW_SUFFIXES = (".csv", ".csv.gz", ".gz", ".zip")
# What is called an energy of formation in published sets, eV/atom.
_ENERGY, _ENERGIES = "formation_energy", ("formation_energy", "heat_all")


def read_raw(paths: Sequence[Path]) -> Iterator[Sample | Failure]:
    """Yield the crystals of files, each with its `formation_energy` (eV/atom) where it is known.

    Tables are those of perov_5 (`cif`, `formula`, `heat_all`), archives those of OmniXAS
    (`<material>.poscar`); anything else is a structure file. A file that cannot be read is a
    failure.
    """
    for path in paths:
        try:
            yield from map(_with_energy, _reader(path)(path))
        except InputError as error:
            yield Failure(path.name, str(path), str(error))


def _reader(path: Path) -> Callable[[Path], Iterator[Sample | Failure]]:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return read_perov5
    return read_omnixas if name.endswith(".zip") else read_crystals


def _with_energy(found: Sample | Failure) -> Sample | Failure:
    if isinstance(found, Failure):
        return found
    known = next((found.metadata[name] for name in _ENERGIES if name in found.metadata), None)
    return found if known is None else replace(found, metadata={**found.metadata, _ENERGY: known})
