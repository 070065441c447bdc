"""What `generate` asks of this pair, and what its options mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xmodkit.errors import UsageError
from xmodkit.pair import Option, Options

__all__ = ["GENERATE_OPTIONS", "GridOptions"]

_FOR = ("generate",)

GENERATE_OPTIONS = (
    Option("gap", "Inflection up the rows, LOW:HIGH in eV.", default="1.36:2.9", commands=_FOR),
    Option("slope", "Slope along the columns, LOW:HIGH in 1/eV.", default="4:40", commands=_FOR),
    Option(
        "max",
        "Scale every spectrum to this maximum; several times: a panel for each.",
        "float",
        (0.84, 0.42, 0.21),
        commands=_FOR,
        multiple=True,
    ),
    Option("rows", "Rows of the grid.", "int", 8, commands=_FOR),
    Option("columns", "Columns of the grid.", "int", 8, commands=_FOR),
    Option("latents", "Draw the grid from this many latent points.", "int", 1, commands=_FOR),
    Option(
        "latent-from",
        "Latent points: of test samples that the model file keeps, of the prior, or the mean.",
        default="samples",
        commands=_FOR,
        choices=("samples", "prior", "mean"),
    ),
)


@dataclass(frozen=True)
class GridOptions:
    """A grid of sigmoid spectra: ranges of inflection (eV) and slope (1/eV), maxima, sizes."""

    gap: tuple[float, float] = (1.36, 2.9)
    slope: tuple[float, float] = (4.0, 40.0)
    maxima: tuple[float, ...] = (0.84, 0.42, 0.21)
    rows: int = 8
    columns: int = 8
    latents: int = 1
    latent_from: str = "samples"

    def __post_init__(self) -> None:
        if not all(0 < end < math.inf for end in (*self.gap, *self.slope)):
            raise UsageError("--gap and --slope: finite values above 0 expected")
        if any(not 0 < maximum < math.inf for maximum in self.maxima):
            raise UsageError(f"--max {self.maxima}: finite maxima above 0 expected")
        for name in ("rows", "columns", "latents"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} {getattr(self, name)}: at least 1 expected")

    @classmethod
    def parse(cls, options: Options) -> GridOptions:
        """Read the pair's options; raise `UsageError` for what cannot mean anything."""
        given = {name: value for name, value in options.items() if value is not None}
        plain = ("rows", "columns", "latents", "latent_from")
        values = {name: given[name] for name in plain if name in given}
        values |= {name: _range(name, given[name]) for name in ("gap", "slope") if name in given}
        if "max" in given:
            values["maxima"] = tuple(float(maximum) for maximum in given["max"])
        return cls(**values)


def _range(name: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        ends = float(low), float(high or low)
    except ValueError:
        raise UsageError(f"--{name} {text!r}: LOW:HIGH expected, such as 1.4:2.9") from None
    if not ends[0] <= ends[1]:
        raise UsageError(f"--{name} {text!r}: the low end first")
    return ends
