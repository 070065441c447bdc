"""What RDKit knows of a molecule by its SMILES: its skeleton's name."""

from __future__ import annotations

from typing import Any, cast

from xmodkit.errors import InputError, MissingExtraError

__all__ = ["molecule", "skeleton"]

_SKELETON = 14  # letters of an InChIKey before its first hyphen: connectivity, no stereo


def molecule(smiles: str) -> Any:
    """Return RDKit's molecule of a SMILES.

    Raise `InputError` if it cannot be, `MissingExtraError` without RDKit.
    """
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise MissingExtraError("reading SMILES", "rdkit", "train") from error
    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(smiles)
    if found is None or found.GetNumAtoms() == 0:
        raise InputError(f"SMILES {smiles!r} is no molecule; correct it, or leave it out")
    return found


def skeleton(smiles: str) -> str:
    """Return the first block of a molecule's InChIKey: equal for stereoisomers and isotopologues.

    Raise `InputError` and `MissingExtraError` as `molecule` does.
    """
    parsed = molecule(smiles)
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        key = str(cast(Any, Chem).MolToInchiKey(parsed))
    if not key:
        raise InputError(f"SMILES {smiles!r} has no InChI; correct it, or leave it out")
    return key[:_SKELETON]
