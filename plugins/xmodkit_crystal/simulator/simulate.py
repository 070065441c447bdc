"""Simulated crystals: chosen elements in known structure types, strained a little, and filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from xmodkit.errors import InputError, UsageError
from xmodkit.pair import Option, Options, Sample
from xmodkit.structures.elements import atomic_number, symbol
from xmodkit_crystal.chemistry.distances import reduced
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.simulator.distortion import Distortion, distorted
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.simulator.prototypes import PROTOTYPES
from xmodkit_crystal.simulator.samples import crystal_sample
from xmodkit_crystal.simulator.substitution import Substitution, substitutions
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from xmodkit_crystal.chemistry.matching import Known

__all__ = [
    "LONGEST_A",
    "MOST_ATOMS",
    "SIMULATE_OPTIONS",
    "VERSION",
    "simulate",
    "simulate_options",
    "types",
]

VERSION = "1"

_DATA = (
    "made up by substitution into known structure types: no energies were calculated, nothing is "
    "known of their stability"
)
_ATTEMPTS = 100
_ELEMENTS = ("V", "O")
MOST_ATOMS = 20  # as published
LONGEST_A = 12.0  # published: 10, which leaves out V2O5

SIMULATE_OPTIONS = (
    Option(
        "elements",
        "Elements to put into structure types, two or more: V,O or V,Ti,O.",
        default=",".join(_ELEMENTS),
        commands=("simulate",),
    ),
    Option(
        "max-atoms",
        "Atoms that a primitive cell may have.",
        "int",
        default=MOST_ATOMS,
        commands=("simulate", "ingest"),
    ),
    Option(
        "max-edge",
        "Length that an edge of the reduced cell may have, in A.",
        "float",
        default=LONGEST_A,
        commands=("simulate", "ingest"),
    ),
    Option(
        "without-known",
        "Leave out what matches a known oxide of vanadium: to be found again by what learns.",
        "flag",
        default=False,
        commands=("simulate",),
    ),
)


def simulate_options(n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
    """Yield what `simulate` does for options as the command line has them (`SIMULATE_OPTIONS`)."""
    written = str(options.get("elements") or ",".join(_ELEMENTS))
    elements = [name for name in written.replace("-", ",").replace(" ", ",").split(",") if name]
    return simulate(
        n,
        seed,
        elements,
        start,
        most_atoms=int(options.get("max_atoms") or MOST_ATOMS),
        longest=float(options.get("max_edge") or LONGEST_A),
        without_known=bool(options.get("without_known")),
    )


def simulate(
    n: int,
    seed: int,
    elements: Sequence[str] = _ELEMENTS,
    start: int = 0,
    *,
    most_atoms: int = MOST_ATOMS,
    longest: float = LONGEST_A,
    size: Distortion | None = None,
    without_known: bool = False,
) -> Iterator[Sample]:
    """Yield crystals `start` to `start + n - 1` of a seed; crystal i depends on (seed, i) alone.

    Each is one of the structure types that the elements fit (all equally likely), scaled by ionic
    radii, strained and displaced at random by `size`; valid by `judge`, with at most `most_atoms`
    atoms and reduced edges of at most `longest` A; with `without_known` none that matches one of
    the `KNOWN` phases. There are no energies: nothing is said of stability.

    Raise `UsageError` for arguments that cannot mean anything or leave no structure type,
    `MissingExtraError` without pymatgen and spglib.
    """
    for name, value in (("n", n), ("seed", seed), ("start", start)):
        if value < 0:
            raise UsageError(f"{name} is {value}; give 0 or more")
    chosen = _by_type(_numbers(elements), most_atoms, longest)
    if without_known:
        unknown = ([one for one in ways if not _is_known(one.crystal)] for ways in chosen)
        chosen = tuple(tuple(ways) for ways in unknown if ways)
    if not chosen:
        raise UsageError(
            f"elements {', '.join(elements)} fit no structure type with at most {most_atoms} atoms "
            f"and edges of at most {longest:g} A; give others, such as V,O, or raise the limits"
        )
    size = size or Distortion()

    def fits(crystal: Crystal) -> bool:
        return _fits(crystal, longest) and not (without_known and _is_known(crystal))

    return (_sample(seed, index, chosen, fits, size) for index in range(start, start + n))


def types(
    elements: Sequence[str] = _ELEMENTS,
    most_atoms: int = MOST_ATOMS,
    longest: float = LONGEST_A,
) -> list[Substitution]:
    """Return every structure type with these elements that `simulate` draws from, undistorted."""
    return [one for ways in _by_type(_numbers(elements), most_atoms, longest) for one in ways]


def _numbers(elements: Sequence[str]) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(atomic_number(name) for name in elements))
    except InputError as error:
        raise UsageError(str(error)) from error
    if len(numbers) < 2:
        raise UsageError(f"elements {', '.join(elements)} given; give two or more, as in V,O")
    return numbers


@lru_cache(maxsize=8)
def _by_type(
    numbers: tuple[int, ...], most_atoms: int, longest: float
) -> tuple[tuple[Substitution, ...], ...]:
    """Return, for each structure type that fits, its substitutions that do."""
    fitting = (
        tuple(
            one
            for one in substitutions(prototype, numbers)
            if len(one.crystal) <= most_atoms and _fits(one.crystal, longest)
        )
        for prototype in PROTOTYPES
    )
    return tuple(ways for ways in fitting if ways)


def _fits(crystal: Crystal, longest: float) -> bool:
    edges = np.linalg.norm(reduced(crystal.cell), axis=1)
    return bool(edges.max() <= longest) and judge(crystal).valid


def _is_known(crystal: Crystal) -> bool:
    return _known().nearest(crystal) is not None


@lru_cache(maxsize=1)
def _known() -> Known:
    from xmodkit_crystal.chemistry.matching import Known  # which reads crystals, as this package

    return Known(known_crystals().values())


def _sample(
    seed: int,
    index: int,
    chosen: Sequence[Sequence[Substitution]],
    fits: Callable[[Crystal], bool],
    size: Distortion,
) -> Sample:
    rng = np.random.default_rng(np.random.SeedSequence((seed, index)))
    for attempt in count():
        ways = chosen[int(rng.integers(len(chosen)))]
        one = ways[int(rng.integers(len(ways)))]
        # The last attempts are at undistorted crystals, which fit.
        crystal = one.crystal
        if attempt < _ATTEMPTS:
            crystal = distorted(crystal, one.prototype.symmetry, size, rng)
        if fits(crystal):
            break
    name = f"crystal-{seed}-{index:06d}"
    return crystal_sample(
        crystal,
        name,
        {
            "simulated": True,
            "simulator": VERSION,
            "data": _DATA,
            "licence": "none: made by the user's own run",
            "prototype": one.prototype.name,
            "elements": "-".join(sorted(symbol(number) for number in crystal.species)),
        },
        {
            "prototype": one.prototype.name,
            "material": f"{reduced_formula(crystal.numbers)} {one.prototype.name}",
        },
        source="simulated crystals",
        ordinal=index,
    )
