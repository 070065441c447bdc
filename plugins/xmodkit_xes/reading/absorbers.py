"""Which atoms absorb: those of an element, or some by their index."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError
from xmodkit.structures.elements import atomic_number, symbol

__all__ = ["MOST_SITES", "Absorber"]

MOST_SITES = 5_000


@dataclass(frozen=True)
class Absorber:
    """The absorbing atoms: of an element, with these 0-based indices, or both."""

    element: str | None = None
    indices: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Absorber:
        """Read `S`, `4`, `4,7` or `Cu:4,7`; raise `UsageError` for anything else."""
        head, colon, tail = text.strip().partition(":")
        element, listed = (head, tail) if colon or head[:1].isalpha() else ("", head)
        try:
            indices = () if element and not colon else tuple(map(int, listed.split(",")))
            name = symbol(atomic_number(element)) if element else None
        except (ValueError, InputError):
            raise UsageError(
                f"--absorber {text!r}: an element (S), 0-based indices of atoms (4,7) or both "
                "(Cu:4,7) expected"
            ) from None
        if any(index < 0 for index in indices) or len(set(indices)) != len(indices):
            raise UsageError(f"--absorber {text!r}: indices from 0 on, each once, expected")
        return cls(name, indices)

    def of(self, element: str) -> Absorber:
        """Return the choice for a model of one element; raise `UsageError` if it is of another."""
        if self.element not in (None, element):
            raise UsageError(
                f"--absorber {self}: the model is of {element}; give --absorber {element}, or "
                f"another --model"
            )
        return Absorber(element, self.indices)

    def sites(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the indices of the absorbing atoms; raise `InputError` if there are none."""
        if self.indices:
            return self._listed(numbers)
        assert self.element is not None
        found = np.flatnonzero(numbers == atomic_number(self.element))
        if not found.size:
            raise InputError(
                f"no {self.element} to absorb; it holds {_listing(numbers)}; give another "
                "structure, or --absorber"
            )
        if found.size > MOST_SITES:
            raise InputError(
                f"{found.size:,} atoms of {self.element}, {MOST_SITES:,} sites at most; choose "
                "some by index: --absorber 4,7"
            )
        return found.astype(np.int32)

    def _listed(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        for index in self.indices:
            if index >= len(numbers):
                raise InputError(
                    f"--absorber {index}: atoms 0 to {len(numbers) - 1} given; choose among them"
                )
            found = symbol(int(numbers[index]))
            if self.element not in (None, found):
                raise InputError(
                    f"--absorber {index}: atom {index} is {found}, {self.element} expected; it "
                    f"holds {_listing(numbers)}"
                )
        return np.array(self.indices, np.int32)

    def __str__(self) -> str:
        listed = ",".join(map(str, self.indices))
        return ":".join(part for part in (self.element or "", listed) if part)


def _listing(numbers: NDArray[np.int32]) -> str:
    """Return the elements there are with their counts: `C 4, H 4, O 1`."""
    counts = Counter(symbol(int(number)) for number in numbers)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
