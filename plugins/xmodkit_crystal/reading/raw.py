"""Files that `xmod ingest` takes: published sets of crystals, and structure files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from xmodkit.errors import DataError, InputError
from xmodkit.pair import Failure, Sample
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.reading.crystals import read_crystals
from xmodkit_crystal.simulator.datasets import read_omnixas, read_perov5
from xmodkit_crystal.voxels import check_limits

__all__ = ["RAW_SUFFIXES", "read_raw"]

RAW_SUFFIXES = (".csv", ".csv.gz", ".gz", ".zip")
# What is called an energy of formation in published sets, eV/atom.
_ENERGY, _ENERGIES = "formation_energy", ("formation_energy", "heat_all")


def read_raw(
    paths: Sequence[Path], most_atoms: int, longest_edge: float
) -> Iterator[Sample | Failure]:
    """Yield the crystals of files, each with its `formation_energy` (eV/atom) where it is known.

    Tables are those of perov_5 (`cif`, `formula`, `heat_all`), archives those of OmniXAS
    (`<material>.poscar`); anything else is a structure file. A file that cannot be read is a
    failure, as is a crystal that no model takes: of more than `most_atoms` in its reduced cell, or
    with an edge above `longest_edge` A there.
    """
    fitting = partial(_fitting, most_atoms=most_atoms, longest_edge=longest_edge)
    for path in paths:
        try:
            yield from map(fitting, map(_with_energy, _reader(path)(path)))
        except (DataError, InputError) as error:
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


def _fitting(found: Sample | Failure, most_atoms: int, longest_edge: float) -> Sample | Failure:
    """Return a crystal that fits the images of a model, else the failure that says why not."""
    if isinstance(found, Failure):
        return found
    crystal = to_crystal(found.arrays["crystal"])
    if len(crystal) <= most_atoms and crystal.lengths.max() <= longest_edge:
        return found  # its reduced cell is no larger
    try:
        check_limits(canonical(crystal, most_atoms=most_atoms), most_atoms, longest_edge)
    except (DataError, InputError) as error:
        text = f"{found.source}: {found.id}: {error}"
        return Failure(found.id, found.source, text, found.ordinal)
    return found
