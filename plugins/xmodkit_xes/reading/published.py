"""Published sets of spectra as they are given out: one `.npz` each, recognised by its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.modality import Array
from xmodkit.pair import Failure, Sample
from xmodkit.reading import describe
from xmodkit.structures.elements import symbol
from xmodkit_xes.modalities import SPECTRA
from xmodkit_xes.reading.conformers import embed
from xmodkit_xes.reading.grids import even_grid, resample
from xmodkit_xes.reading.molecules import skeleton

__all__ = ["CU_GRID_EV", "POSCARS", "read_set"]

POSCARS = "poscar.zip"  # beside the copper set: <material_id>.poscar
# Each site was calculated on energies of its own; the grid lies where (nearly) all have values.
CU_GRID_EV = even_grid(8985.0, 9060.0, 151)
_HOLD_EV = 4.0  # the latest site starts at 8988.7 eV: before its edge, its first value is held

Arrays = Mapping[str, Array]

_H2O = (
    "O K-edge spectra of water from DFT (PBE/aug-cc-pVDZ), geometries of a classical Boltzmann "
    "distribution at 5000 K"
)
_SULFUR = (
    "S valence-to-core emission and K-edge XANES from TDDFT (Sulfur-ML, 10.1039/D1CP02903G); "
    "geometries are MMFF94 conformers made from the names, not those of the calculation"
)
_COPPER = (
    "FEFF Cu K-edge XANES of one site (OmniXAS, arXiv 2409.19552), interpolated linearly onto "
    "8985-9060 eV in 0.5 eV steps; beyond its own energies a curve's end value is held; "
    "structures of the Materials Project"
)


def read_set(path: Path, smiles: Mapping[str, str] | None = None) -> Iterator[Sample | Failure]:
    """Yield the samples of a published set: water, sulfur molecules, or copper in crystals.

    Each has its structure (of copper the whole crystal, with one site), its spectra on the set's
    energies, and the groups `unit` (what a split keeps together), `structure` and `system`.
    Of a sulfur molecule without a structure one is made from its SMILES, if `smiles` holds it
    under the compound's name, else it is left out; where a structure is there, a SMILES under its
    name corrects it: the sample keeps the structure, and `metadata["mistaken"]` says so if it is
    another molecule's rather than a tautomer's. A row that cannot be read is a failure.

    Raise `InputError` for a file that is none of these, `MissingExtraError` without ASE (copper)
    or RDKit (sulfur).
    """
    arrays = _load(path)
    for keys, row_of in _SETS.items():
        if set(keys) <= arrays.keys():
            if row_of is _sulfur:
                row_of = partial(_sulfur, smiles or {})
            yield from _rows(path, arrays, row_of)
            return
    raise InputError(
        f"{path}: arrays {', '.join(sorted(arrays)[:12]) or '(none)'} given; those of a published "
        f"set expected ({'; or '.join(', '.join(keys) for keys in _SETS)})"
    )


def _load(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, BadZipFile, EOFError, AttributeError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{path}: no readable .npz of plain arrays ({text})") from error


def _rows(
    path: Path, arrays: Arrays, row_of: Callable[..., Sample | None]
) -> Iterator[Sample | Failure]:
    lengths = {len(array) for name, array in arrays.items() if not name.endswith("_energy_eV")}
    if len(lengths) != 1:
        raise InputError(f"{path}: arrays of {sorted(lengths)} rows given, equally many expected")
    for row in range(lengths.pop()):
        try:
            sample = row_of(path, arrays, row)
        except MissingExtraError:
            raise
        except Exception as error:  # one bad row never stops a set
            name = f"{path.stem}-{row:05d}"
            yield Failure(name, str(path), f"{describe(error, path)} (row {row})", row)
            continue
        if sample is not None:
            yield sample


def _water(path: Path, arrays: Arrays, row: int) -> Sample:
    name = f"h2o-{int(arrays['index'][row]):05d}"
    truth = {what: round(float(arrays[what][row]), 5) for what in ("r1", "r2", "angle_deg")}
    return _sample(
        path,
        row,
        name,
        _structure([8, 1, 1], arrays["positions"][row]),
        {kind: arrays[kind][row] for kind in ("xes", "xas", "xps")},
        _energies(arrays),
        _known("O", _H2O, "CC0-1.0") | truth,
        {"unit": name, "structure": name, "system": "H-O"},
    )


def _sulfur(known: Mapping[str, str], path: Path, arrays: Arrays, row: int) -> Sample | None:
    compound, told = str(arrays["compound"][row]), str(arrays["smiles"][row])
    smiles = known.get(compound, told)
    if not smiles:
        return None
    given = bool(arrays["has_structure"][row])
    if given:
        there = arrays["Z"][row] > 0
        structure = _structure(arrays["Z"][row][there], arrays["pos_A"][row][there])
    else:
        numbers, geometries = embed(smiles, 1)
        structure = _structure(numbers, geometries[0], site=int(np.flatnonzero(numbers == 16)[0]))
    metadata = _known("S", _SULFUR, "MIT") | {"smiles": smiles, "type": str(arrays["type"][row])}
    if given and skeleton(smiles) != skeleton(told):
        metadata["mistaken"] = True
    return _sample(
        path,
        row,
        f"s-{row:03d}-{compound}",
        structure,
        {kind: arrays[kind][row] for kind in ("xes", "xanes")},
        _energies(arrays),
        metadata | {"structure": "given" if given else "made from the name"},
        {
            "unit": skeleton(smiles),
            "structure": compound,
            "system": _system(structure["numbers"]),
        },
    )


def _copper(path: Path, arrays: Arrays, row: int) -> Sample:
    material, site = str(arrays["material_id"][row]), int(arrays["site"][row])
    numbers, positions, cell = _crystal(path.parent / POSCARS, material)
    if not (0 <= site < len(numbers) and numbers[site] == 29):
        raise InputError(f"{material}: site {site} of {len(numbers)} atoms is no Cu")
    energy = arrays["omega_eV"][row].astype(np.float64)
    spectrum = resample(energy, arrays["mu"][row], CU_GRID_EV, hold=_HOLD_EV)
    formula = str(arrays["formula"][row])
    return _sample(
        path,
        row,
        f"{material}-{site}",
        _structure(numbers, positions, cell, site),
        {"xanes": spectrum},
        {"xanes": CU_GRID_EV},
        _known("Cu", _COPPER, "BSD-3-Clause; structures CC-BY-4.0") | {"formula": formula},
        {"unit": formula, "structure": material, "system": _system(numbers)},
    )


# The arrays by which a set is known.
_SETS: Mapping[tuple[str, ...], Callable[..., Sample | None]] = {
    ("positions", "index", "xes", "xas", "xps", "r1", "r2", "angle_deg"): _water,
    ("Z", "pos_A", "has_structure", "smiles", "compound", "type", "xes", "xanes"): _sulfur,
    ("material_id", "site", "formula", "omega_eV", "mu"): _copper,
}


@lru_cache(maxsize=4)  # the sites of a crystal follow one another
def _crystal(archive: Path, material: str) -> tuple[Array, Array, Array]:
    """Return a crystal's atomic numbers, positions and cell."""
    try:
        from ase.io import read
    except ImportError as error:
        raise MissingExtraError("reading crystal structures", "ase", "xes") from error
    try:
        with ZipFile(archive) as file:
            text = file.read(f"{material}.poscar").decode("utf-8")
    except (OSError, BadZipFile, KeyError) as error:
        raise InputError(
            f"{archive}: no {material}.poscar ({error}); keep {POSCARS} beside the spectra"
        ) from error
    atoms: Any = read(StringIO(text), format="vasp")
    return atoms.numbers, atoms.positions, np.asarray(atoms.cell)


def _structure(
    numbers: Any, positions: Array, cell: Array | None = None, site: int = 0
) -> dict[str, Array]:
    return {
        "numbers": np.asarray(numbers, np.int32),
        "positions": np.asarray(positions, np.float32),
        "cell": np.asarray(np.zeros((3, 3)) if cell is None else cell, np.float32),
        "sites": np.array([site], np.int32),
    }


def _energies(arrays: Arrays) -> dict[str, Array]:
    named = {modality.name: f"{modality.name}_energy_eV" for modality in SPECTRA}
    return {kind: arrays[name] for kind, name in named.items() if name in arrays}


def _known(absorber: str, data: str, licence: str) -> dict[str, Any]:
    return {"absorber": absorber, "simulated": True, "data": data, "licence": licence}


def _system(numbers: Array) -> str:
    """Return the chemical system: the elements by symbol, `Cu-O`."""
    return "-".join(sorted(symbol(int(number)) for number in np.unique(numbers)))


def _sample(
    path: Path,
    row: int,
    name: str,
    structure: dict[str, Array],
    spectra: Mapping[str, Array],
    energies: Mapping[str, Array],
    metadata: Mapping[str, Any],
    groups: Mapping[str, str],
) -> Sample:
    """Return a sample of one row: its arrays as fields, the energies of its spectra beside."""
    curves = {kind: {kind: np.asarray(curve, np.float32)} for kind, curve in spectra.items()}
    return Sample(
        name,
        {"structure": structure, **curves},
        source=str(path),
        ordinal=row,
        metadata=metadata,
        groups=groups,
        coordinates={
            f"{kind}_energy": tuple(float(point) for point in energies[kind]) for kind in spectra
        },
    )
