"""Read whatever else ASE reads."""

from __future__ import annotations

import warnings
from pathlib import Path

from xmodkit.errors import InputError, MissingExtraError
from xmodkit.structures.checks import check_size
from xmodkit.structures.frame import Frames, of_atoms
from xmodkit.structures.purpose import Purpose

__all__ = ["OTHER_FORMATS", "TEXTS", "read_as", "read_other"]

# By suffix, what is looked for in folders.
OTHER_FORMATS = {
    ".pdb": "proteindatabank",
    ".gen": "gen",
    ".xsf": "xsf",
    ".res": "res",
    ".cell": "castep-cell",
    ".xsd": "xsd",
    ".traj": "traj",
}
TEXTS = frozenset(OTHER_FORMATS) - {".traj"}
# Databases and folders are no files of structures.
_NOT_FILES = {"db", "json", "mysql", "postgresql", "bundletrajectory", "nomad-json"}

# As in `cif`: set once, at import.
warnings.filterwarnings("ignore", category=UserWarning, module=r"ase\.", append=True)


def read_other(path: Path, purpose: Purpose) -> Frames:
    """Yield the frames of a file whose format ASE tells by its suffix, name or content.

    Raise `InputError` for one that it does not know, `MissingExtraError` without ASE.
    """
    try:
        from ase.io.formats import UnknownFileTypeError, filetype, ioformats
    except ImportError as error:
        raise MissingExtraError("reading structures", "ase", purpose.extra) from error
    known = OTHER_FORMATS.get(path.suffix.lower())
    try:
        kind = known or filetype(str(path), guess=False)
    except (UnknownFileTypeError, UnicodeError):
        kind = None
    if kind is None or kind in _NOT_FILES or not getattr(ioformats.get(kind), "can_read", False):
        raise InputError("no structure in a format known here; give xyz, CIF, POSCAR, mol or sdf")
    yield from read_as(path, kind, purpose)


def read_as(path: Path, kind: str, purpose: Purpose) -> Frames:
    """Yield the frames of a file in one of ASE's formats.

    Raise `InputError` where ASE fails; frames that it had read before are kept.
    """
    try:
        from ase.io import iread
    except ImportError as error:
        raise MissingExtraError("reading structures", "ase", purpose.extra) from error
    check_size(path, purpose)
    frames = 0
    try:
        for atoms in iread(str(path), index=slice(None), format=kind, parallel=False):
            yield of_atoms(atoms)
            frames += 1
    except Exception as error:  # each of ASE's readers raises what it likes
        text = " ".join(str(error).split())[:120]
        raise InputError(f"no readable {kind} file ({type(error).__name__}: {text})") from error
    if not frames:
        raise InputError(f"no structure in it; a {kind} file with atoms expected")
