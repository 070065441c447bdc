"""The options of the pair, for every command."""

from __future__ import annotations

from xmodkit.pair import Option
from xmodkit_crystal.generate.request import GENERATE_OPTIONS
from xmodkit_crystal.simulator.simulate import SIMULATE_OPTIONS

__all__ = ["LONGEST_EDGE_A", "OPTIONS"]

# As published, by the authors' answer to a question: V2O5 (11.5 A) does not fit.
LONGEST_EDGE_A = 10.0

OPTIONS = (
    *SIMULATE_OPTIONS,
    *GENERATE_OPTIONS,
    Option(
        "stable-below",
        "Energy of formation in eV/atom below which a crystal counts as stable.",
        "float",
        commands=("train",),
    ),
)
