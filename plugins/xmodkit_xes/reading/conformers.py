"""Further geometries of a molecule from its SMILES, for training where the true one is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError
from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit_xes.reading.clusters import clusters
from xmodkit_xes.reading.molecules import molecule

__all__ = ["SEED", "embed", "with_conformers"]

SEED = 20211  # of every embedding: the same molecule always gives the same geometries
_STEPS = 2000  # of the force field; most molecules take fewer than 500

Floats = NDArray[np.float64]


def with_conformers(sample: Sample, n: int) -> Sample:
    """Return a sample with the modality `conformers`: its own geometry, then `n` further ones.

    Where the sample's own is known to be mistaken (`published.read_set`) it is left out. Each is
    the cluster around the sample's one absorber. The molecule comes from `metadata["smiles"]`;
    where several atoms of the absorber's element are not equivalent in it, which one absorbs is
    open. Raise `InputError` then, or where there is no SMILES or it is not the sample's molecule;
    `MissingExtraError` without RDKit.
    """
    smiles = sample.metadata.get("smiles")
    structure = sample.arrays["structure"]
    if not smiles or structure["cell"].any() or structure["sites"].size != 1:
        raise InputError(
            f"{sample.id}: conformers need a molecule with one absorber and its SMILES; give the "
            "column smiles, or leave --conformers out"
        )
    numbers, geometries = embed(str(smiles), n)
    if sorted(numbers) != sorted(structure["numbers"]):
        raise InputError(
            f"{sample.id}: SMILES {smiles!r} has other atoms than its structure; correct one"
        )
    absorber = int(structure["numbers"][structure["sites"][0]])
    site = _only_site(str(smiles), numbers, absorber)
    alike = {"numbers": numbers, "cell": structure["cell"], "sites": np.array([site], np.int32)}
    made = [{**alike, "positions": places.astype(np.float32)} for places in geometries]
    known = made if sample.metadata.get("mistaken") else (structure, *made)
    around = [clusters(each)[0] for each in known]
    return replace(sample, arrays={**sample.arrays, "conformers": _padded(around)})


def embed(smiles: str, n: int) -> tuple[NDArray[np.int32], Floats]:
    """Return atomic numbers (atoms,) and up to `n` geometries (n, atoms, xyz) in angstrom.

    Distance geometry with torsion preferences (ETKDGv3: Riniker and Landrum 2015, Wang et al.
    2020), then MMFF94 (Halgren 1996), or UFF where MMFF94 lacks parameters. Hydrogens are added.
    Raise `InputError` for a SMILES that cannot be embedded.
    """
    parsed = molecule(smiles)
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdDistGeom

    with rdBase.BlockLogs():
        full = Chem.AddHs(parsed)
        settings: Any = rdDistGeom.ETKDGv3()
        settings.randomSeed = SEED
        settings.numThreads = 1
        found = list(rdDistGeom.EmbedMultipleConfs(full, n, settings))
        if len(found) < n:  # strained cages embed only from random coordinates
            settings.useRandomCoords = True
            found = list(rdDistGeom.EmbedMultipleConfs(full, n, settings))
        if not found:
            raise InputError(f"SMILES {smiles!r} cannot be embedded; leave --conformers out")
        _relax(full)
    numbers = np.array([atom.GetAtomicNum() for atom in full.GetAtoms()], np.int32)
    return numbers, np.stack([full.GetConformer(i).GetPositions() for i in found])


def _relax(full: Any) -> None:
    """Relax every conformer of a molecule in place."""
    from rdkit.Chem import rdForceFieldHelpers as fields

    if fields.MMFFHasAllMoleculeParams(full):
        fields.MMFFOptimizeMoleculeConfs(full, numThreads=1, maxIters=_STEPS)
    elif fields.UFFHasAllMoleculeParams(full):
        fields.UFFOptimizeMoleculeConfs(full, numThreads=1, maxIters=_STEPS)


def _only_site(smiles: str, numbers: NDArray[np.int32], absorber: int) -> int:
    """Return the first of a molecule's absorbing atoms, all of which must be equivalent."""
    parsed = molecule(smiles)
    from rdkit import Chem

    full = Chem.AddHs(parsed)
    sites = np.flatnonzero(numbers == absorber)
    ranks = np.array(list(Chem.CanonicalRankAtoms(full, breakTies=False)))
    if sites.size == 0 or np.unique(ranks[sites]).size != 1:
        raise InputError(
            f"SMILES {smiles!r}: {sites.size} atoms could be the absorber, atoms that are all "
            "alike expected; leave --conformers out"
        )
    return int(sites[0])


def _padded(clusters: Sequence[dict[str, Array]]) -> dict[str, Array]:
    """Return clusters of unequal size as one array each, padded with atoms of number 0."""
    most = max(len(each["numbers"]) for each in clusters)
    numbers = np.zeros((len(clusters), most), np.int32)
    positions = np.zeros((len(clusters), most, 3), np.float32)
    for i, each in enumerate(clusters):
        numbers[i, : len(each["numbers"])] = each["numbers"]
        positions[i, : len(each["numbers"])] = each["positions"]
    return {"conformer_numbers": numbers, "conformer_positions": positions}
