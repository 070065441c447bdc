"""Known crystals, to which generated ones are held up: those of a file or folder, and oxides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from xmodkit.errors import UsageError
from xmodkit.inputs import find_inputs
from xmodkit.pair import ModalityPair, Options, Sample
from xmodkit_crystal.chemistry.matching import Known, Nearest
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

__all__ = ["KnownCrystals", "read_known"]


class KnownCrystals:
    """Known crystals by name, among which the nearest to others is looked up."""

    def __init__(self, crystals: Mapping[str, Crystal]) -> None:
        every = {**known_crystals(), **crystals}
        self._names = tuple(every)
        self._known = Known(every.values())

    def nearest(self, crystal: Crystal) -> tuple[str, Nearest] | None:
        """Return the nearest one's name, and how near it is; None if none matches."""
        found = self._known.nearest(crystal)
        return None if found is None else (self._names[found.index], found)


def read_known(pair: ModalityPair, path: Path | None, options: Options) -> dict[str, Crystal]:
    """Return the crystals of a file or folder by name; what cannot be read is left out.

    Raise `UsageError` if there is no such path, or nothing in it can be read.
    """
    if path is None:
        return {}
    if not path.exists():
        raise UsageError(f"--known {path}: there is no such file or folder")
    found = {
        sample.id: to_crystal(sample.arrays["crystal"]) for sample in _read(pair, path, options)
    }
    if not found:
        raise UsageError(f"--known {path}: holds no crystal that can be read")
    return found


def _read(pair: ModalityPair, path: Path, options: Options) -> Iterator[Sample]:
    route = pair.route("crystal:latent")
    for file in find_inputs([path], pair.suffixes_of(route)).files:
        for item in pair.read(file.path, route, options):
            if isinstance(item, Sample):
                yield item
