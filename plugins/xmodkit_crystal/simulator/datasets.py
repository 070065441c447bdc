"""Published sets of crystals: perov_5 and the structures of OmniXAS, as samples."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.pair import Failure, Sample
from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.geometry.metric import cell_of_parameters
from xmodkit_crystal.simulator.samples import crystal_sample
from xmodkit_crystal.structure import Crystal

__all__ = ["read_omnixas", "read_perov5"]

_PEROV5 = {
    "simulated": True,
    "data": "perov_5: cubic ABX3 perovskites by DFT, cells not relaxed in shape (Castelli 2012)",
    "licence": "MIT",
}
_OMNIXAS = {
    "simulated": True,
    "data": "OmniXAS: crystals that hold Cu, relaxed by DFT (Materials Project)",
    "licence": "CC-BY-4.0",
}
_MEASURES = ("heat_all", "heat_ref", "dir_gap", "ind_gap")
_P1_COLUMNS = ("type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")


def read_perov5(path: Path) -> Iterator[Sample | Failure]:
    """Yield the crystals of a table with the columns `cif`, `formula` and `heat_all` (CSV, gz).

    `heat_all` and `heat_ref` (energies of formation, eV/atom), `dir_gap` and `ind_gap` (band gaps,
    eV) become metadata. A row that cannot be read is a failure; raise `InputError` where the
    table cannot be.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            if missing := {"cif", "formula", "heat_all"} - set(columns):
                raise InputError(
                    f"{path}: no column {', '.join(sorted(missing))}; a table of perov_5 expected"
                )
            for number, row in enumerate(rows):
                name = f"perov-{row.get('material_id') or number}"
                yield _tried(path, name, number, partial(_perovskite, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no readable table ({error}); copy it again") from error


def read_omnixas(path: Path) -> Iterator[Sample | Failure]:
    """Yield the crystals of an archive of `<material>.poscar` files, in the order of their names.

    A file that cannot be read is a failure; raise `InputError` where the archive cannot be,
    `MissingExtraError` without ASE.
    """
    try:
        with ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".poscar"))
            for number, name in enumerate(names):
                text = archive.read(name).decode("utf-8", errors="replace")
                material = Path(name).stem
                yield _tried(path, material, number, partial(_relaxed, text))
    except (OSError, BadZipFile) as error:
        raise InputError(f"{path}: no readable archive ({error}); copy it again") from error


def _tried(
    path: Path,
    name: str,
    number: int,
    read: Callable[[], tuple[Crystal, Mapping[str, Any]]],
) -> Sample | Failure:
    try:
        crystal, metadata = read()
    except (InputError, ValueError, KeyError) as error:
        return Failure(name, str(path), f"{path}: {name}: {error}", number)
    return crystal_sample(crystal, name, metadata, source=str(path), ordinal=number)


def _perovskite(row: Mapping[str, str]) -> tuple[Crystal, dict[str, Any]]:
    measured = {key: float(row[key]) for key in _MEASURES if row.get(key)}
    return _p1(row["cif"]), {**_PEROV5, **measured}


def _relaxed(text: str) -> tuple[Crystal, dict[str, Any]]:
    return _poscar(text), _OMNIXAS


def _p1(text: str) -> Crystal:
    """Return the crystal of a CIF text without symmetry, as pymatgen writes it.

    A general reader takes a hundred times as long, a minute for the set.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    values = {words[0]: words[1] for words in lines if len(words) == 2}
    if values.get("_symmetry_Int_Tables_number") != "1":
        raise InputError("a CIF text of space group P1 expected, with all atoms of the cell")
    lengths = [float(values[f"_cell_length_{axis}"]) for axis in "abc"]
    angles = [float(values[f"_cell_angle_{angle}"]) for angle in ("alpha", "beta", "gamma")]
    header = [words[0] for words in lines if words[0].startswith("_atom_site_")]
    atoms = [words for words in lines if len(words) == len(header) and words[0][0] != "_"]
    columns = [header.index(f"_atom_site_{name}") for name in _P1_COLUMNS]
    table = [[words[column] for column in columns] for words in atoms]
    if not table or any(float(words[-1]) != 1 for words in table):
        raise InputError("fully occupied sites expected")
    return Crystal(
        np.array([atomic_number(words[0]) for words in table], np.int64),
        np.array([words[1:4] for words in table], np.float64),
        cell_of_parameters(lengths, angles),
    )


def _poscar(text: str) -> Crystal:
    try:
        from ase.io import read
    except ImportError as error:
        raise MissingExtraError("reading crystal structures", "ase", "crystal") from error
    try:
        atoms: Any = read(StringIO(text), format="vasp")
    except (IndexError, ValueError, RuntimeError) as error:
        raise InputError(f"no readable POSCAR ({' '.join(str(error).split())[:100]})") from error
    return Crystal(
        np.asarray(atoms.numbers, np.int64),
        np.asarray(atoms.get_scaled_positions(wrap=False), np.float64),
        np.asarray(atoms.cell, np.float64),
    )
