"""The options of `xmod generate`: which latents, which elements, which known crystals."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from xmodkit.errors import InputError, UsageError
from xmodkit.pair import Option, Options
from xmodkit.structures.elements import atomic_number, symbol
from xmodkit_crystal.modalities import SLOTS

__all__ = ["GENERATE_OPTIONS", "Request", "tolerance_of"]

GENERATED = 200
_HERE = ("generate",)

GENERATE_OPTIONS = (
    Option("n", "Latent vectors to decode.", "int", GENERATED, _HERE),
    Option(
        "between",
        "Two crystal files: latents on the arc from the first to the second.",
        "file",
        commands=_HERE,
        values=2,
    ),
    Option("random", "Latents drawn at random; so without --between.", "flag", False, _HERE),
    Option(
        "elements",
        "Elements to generate, as in V,O; else those of --between, or of the model's training.",
        commands=_HERE,
    ),
    Option(
        "encoder",
        "For --between: the model file of crystal:latent of the same training; else the one beside "
        "--model, whose name has crystal-latent for latent-crystal.",
        "file",
        commands=_HERE,
    ),
    Option(
        "known",
        "Known crystals, a file or a folder, among which the nearest is looked up; as are the ends "
        "of --between and seven oxides of vanadium.",
        "file",
        commands=_HERE,
    ),
    Option(
        "symmetrize",
        "Bring each crystal to the symmetry that it has if atoms may be moved by so many A, as in "
        "0.2; else they stay where they were decoded.",
        "float",
        commands=("infer", *_HERE),
    ),
)


@dataclass(frozen=True)
class Request:
    """What shall be generated: `n` latents, between two files or at random.

    `elements` are atomic numbers, ascending; empty: not said. `symmetrize` is a tolerance in A.
    """

    n: int = GENERATED
    between: tuple[Path, Path] | None = None
    elements: tuple[int, ...] = ()
    encoder: Path | None = None
    known: Path | None = None
    symmetrize: float | None = None

    @classmethod
    def parse(cls, options: Options) -> Request:
        """Read the pair's options; raise `UsageError` for what contradicts itself."""
        n = GENERATED if options.get("n") is None else int(options["n"])
        if n < 1:
            raise UsageError(f"--n {n}: at least one latent vector expected")
        between = tuple(map(Path, options.get("between") or ()))
        if between and options.get("random"):
            raise UsageError("--between and --random given; give one of them")
        if between and len(between) != 2:
            raise UsageError(f"--between: {len(between)} files given, 2 expected")
        return cls(
            n,
            (between[0], between[1]) if between else None,
            _elements(options.get("elements")),
            _path(options.get("encoder")),
            _path(options.get("known")),
            tolerance_of(options),
        )


def _elements(written: str | None) -> tuple[int, ...]:
    if written is None:
        return ()
    names = [name for name in written.replace("-", ",").replace(" ", ",").split(",") if name]
    if not names:
        raise UsageError(f"--elements {written!r}: names no element; as in --elements V,O")
    try:
        numbers = [atomic_number(name) for name in names]
    except InputError as error:
        raise UsageError(f"--elements {written}: {error}") from error
    twice = [symbol(number) for number, times in Counter(numbers).items() if times > 1]
    if twice:
        raise UsageError(
            f"--elements {written}: {', '.join(twice)} given twice; name each element once"
        )
    if len(numbers) > SLOTS:
        raise UsageError(f"--elements {written}: {len(numbers)} given, at most {SLOTS} expected")
    return tuple(sorted(numbers))


def tolerance_of(options: Options) -> float | None:
    """Return `symmetrize` in A, None if not given; raise `UsageError` for what is no distance."""
    given = options.get("symmetrize")
    if given is None:
        return None
    if not isinstance(given, int | float) or not 0 < given < math.inf:
        told = f"{given:g}" if isinstance(given, int | float) else repr(given)
        raise UsageError(f"--symmetrize {told}: a distance above 0 A expected, as in 0.2")
    return float(given)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
