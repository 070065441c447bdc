"""The options of the pair, for every command."""

from __future__ import annotations

from xmodkit.errors import UsageError
from xmodkit.pair import Option, Options, Predictor
from xmodkit_crystal.generate.request import GENERATE_OPTIONS, tolerance_of
from xmodkit_crystal.simulator.simulate import SIMULATE_OPTIONS

__all__ = ["LONGEST_EDGE_A", "OPTIONS", "symmetrize_tolerance"]

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


def symmetrize_tolerance(options: Options, predictor: Predictor) -> float | None:
    """Return `symmetrize` in A, None if it is not given.

    Raise `UsageError` where no crystal comes back, and for what is no distance.
    """
    tolerance = tolerance_of(options)
    if tolerance is not None and predictor.route.target != "crystal":
        raise UsageError(
            f"--symmetrize: nothing that {predictor.route.name} gives is a crystal; leave it out"
        )
    return tolerance
