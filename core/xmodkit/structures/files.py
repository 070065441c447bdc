"""Turn one file of structures, whatever its format, into frames, and frames into samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from xmodkit.errors import InputError
from xmodkit.pair import Failure, Sample
from xmodkit.structures.ase_formats import OTHER_FORMATS, TEXTS, read_other
from xmodkit.structures.checks import check_text
from xmodkit.structures.cif import read_cif
from xmodkit.structures.frame import Frame, Frames, FramesOf
from xmodkit.structures.molfile import read_molfile
from xmodkit.structures.poscar import read_poscar
from xmodkit.structures.purpose import Purpose
from xmodkit.structures.xyz import read_xyz

__all__ = ["STRUCTURE_SUFFIXES", "MakeSample", "read_frames", "read_samples"]

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

# Of a frame, the sample's id, and its number in the file.
MakeSample = Callable[[Frame, str, int], Sample]


def read_samples(path: Path, purpose: Purpose, make: MakeSample) -> Iterator[Sample | Failure]:
    """Yield what `make` makes of every frame of a file.

    A file of one structure gives its name to it; of several, each is `<name>-000`, numbered from
    0. A structure that cannot be read, or that `make` refuses by an `InputError`, is a failure;
    the others go on.
    """
    name, shown = _name(path), str(path).replace("\n", "\\n")  # an error is one line
    frames = enumerate(read_frames(path, purpose))
    head = list(islice(frames, 2))
    alone = len(head) == 1
    for number, frame in chain(head, frames):
        where = shown if alone else f"{shown}, frame {number}"
        key = name if alone else f"{name}-{number:03d}"
        try:
            if isinstance(frame, InputError):
                raise frame
            yield make(frame, key, number)
        except InputError as error:
            yield Failure(key, str(path), f"{where}: {error}", number)


def read_frames(path: Path, purpose: Purpose) -> Frames:
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
        for frame in read(path, purpose):
            yield frame
            frames += 1
        if not frames:
            raise InputError("no structure in it; copy it again")
    except OSError as error:
        yield InputError(f"cannot be read ({error.strerror or error})")
    except InputError as error:
        yield error


def _name(path: Path) -> str:
    """Return what the structure is called: of a file `POSCAR` its folder's name as well."""
    if path.stem.lower() in _POSCARS and path.suffix.lower() not in _BY_SUFFIX:
        return f"{path.resolve().parent.name}-{path.name}"
    return path.stem
