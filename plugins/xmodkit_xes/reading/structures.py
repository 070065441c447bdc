"""Turn one file of structures, whatever its format, into samples with their absorbing atoms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

import numpy as np

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit_xes.reading.absorbers import Absorber
from xmodkit_xes.reading.ase_formats import OTHER_FORMATS, TEXTS, read_other
from xmodkit_xes.reading.checks import check_frame, check_text
from xmodkit_xes.reading.cif import read_cif
from xmodkit_xes.reading.elements import symbol
from xmodkit_xes.reading.frame import Frame, Frames, FramesOf
from xmodkit_xes.reading.molfile import read_molfile
from xmodkit_xes.reading.poscar import read_poscar
from xmodkit_xes.reading.xyz import read_xyz

__all__ = ["STRUCTURE_SUFFIXES", "read_frames", "read_structures"]

_BY_SUFFIX: Mapping[str, FramesOf] = {
    ".xyz": read_xyz,
    ".extxyz": read_xyz,
    ".cif": read_cif,
    ".mol": read_molfile,
    ".sdf": read_molfile,
    ".poscar": read_poscar,
    ".vasp": read_poscar,
}
# Files that are named so as a whole, or whose names begin so.
_POSCARS = ("poscar", "contcar")

STRUCTURE_SUFFIXES = (*_BY_SUFFIX, *OTHER_FORMATS, *_POSCARS)


def read_structures(path: Path, absorber: Absorber) -> Iterator[Sample | Failure]:
    """Yield a sample per structure of a file, with every atom that `absorber` chooses.

    Arrays are those of STRUCTURE. A file of one structure gives its name to it; of several, each
    is `<name>-000`, numbered from 0. A structure that cannot be read, is refused by `checks` or
    holds no absorber is a failure; the others go on.
    """
    name, shown = _name(path), str(path).replace("\n", "\\n")  # an error is one line
    frames = _numbered(path)
    head = list(islice(frames, 2))
    alone = len(head) == 1
    for number, frame in chain(head, frames):
        where = shown if alone else f"{shown}, frame {number}"
        key = name if alone else f"{name}-{number:03d}"
        try:
            if isinstance(frame, InputError):
                raise frame
            yield _sample(frame, absorber, path, key, number)
        except InputError as error:
            yield Failure(key, str(path), f"{where}: {error}", number)


def read_frames(path: Path) -> Frames:
    """Yield the frames of a file by its suffix or name, else as ASE knows its format.

    What is wrong with the file as a whole is the last thing yielded. `MissingExtraError` is
    raised where a library is absent.
    """
    read = _BY_SUFFIX.get(path.suffix.lower())
    if read is None:
        read = read_poscar if path.name.lower().startswith(_POSCARS) else read_other
    try:
        check_text(path, binary=read is read_other and path.suffix.lower() not in TEXTS)
        frames = 0
        for frame in read(path):
            yield frame
            frames += 1
        if not frames:
            raise InputError("no structure in it; copy it again")
    except OSError as error:
        yield InputError(f"cannot be read ({error.strerror or error})")
    except InputError as error:
        yield error


def _numbered(path: Path) -> Iterator[tuple[int, Frame | InputError]]:
    return enumerate(read_frames(path))


def _name(path: Path) -> str:
    """Return what the structure is called: of a file `POSCAR` its folder's name as well."""
    if path.stem.lower() in _POSCARS and path.suffix.lower() not in _BY_SUFFIX:
        return f"{path.resolve().parent.name}-{path.name}"
    return path.stem


def _sample(frame: Frame, absorber: Absorber, path: Path, key: str, number: int) -> Sample:
    check_frame(frame)
    sites = absorber.sites(frame.numbers)
    structure = {
        "numbers": frame.numbers,
        "positions": frame.positions.astype(np.float32),
        "cell": frame.cell.astype(np.float32),
        "sites": sites,
    }
    elements = sorted({symbol(int(number)) for number in frame.numbers})
    known = {"elements": "-".join(elements), "atoms": len(frame.numbers), "sites": len(sites)}
    if frame.title:
        known["title"] = frame.title
    return Sample(
        key,
        {"structure": structure},
        str(path),
        number,
        {"absorber": symbol(int(frame.numbers[sites[0]])), **known},
        notices=frame.notices,
    )
