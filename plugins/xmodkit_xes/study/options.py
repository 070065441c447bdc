"""What `xmod study components` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xmodkit.errors import UsageError
from xmodkit.pair import Option, Options
from xmodkit_xes.modalities import SPECTRA
from xmodkit_xes.moments import Window
from xmodkit_xes.study.descriptor import DESCRIPTORS
from xmodkit_xes.windows import windows_of

__all__ = ["OPTIONS", "Chosen", "chosen"]

OPTIONS = (
    Option("k", "How many components, one study each: 1,2,3,4.", default="1,2,3,4"),
    Option(
        "spectrum",
        "Which spectra of the store; the first it holds by default.",
        choices=tuple(modality.name for modality in SPECTRA),
    ),
    Option(
        "target",
        "Whole spectra, or mean, deviation, skewness and excess kurtosis of windows.",
        default="spectra",
        choices=("spectra", "moments"),
    ),
    Option(
        "window",
        "For moments: a window of the spectrum in eV, LOW,HIGH; several times: each. Those of the "
        "absorber by default.",
        default=(),
        multiple=True,
    ),
    Option(
        "descriptor",
        "Features of the structure; by default internal for triatomic molecules, else coulomb.",
        choices=DESCRIPTORS,
    ),
    Option("neighbours", "For coulomb: how many atoms beside the absorber.", "int", 6),
    Option(
        "search",
        "Randomised search: how many sets of hyperparameters to try for each network, by "
        "5-fold cross-validation on the training rows; 0 takes the defaults.",
        "int",
        0,
    ),
)


@dataclass(frozen=True)
class Chosen:
    """The study's options, parsed."""

    ks: tuple[int, ...]
    spectrum: str | None
    target: str
    windows: tuple[Window, ...]
    descriptor: str | None
    neighbours: int
    search: int


def chosen(options: Options) -> Chosen:
    """Parse the study's options; raise `UsageError` naming one that cannot mean anything."""
    given = {option.key: option.default for option in OPTIONS} | dict(options)
    if given["neighbours"] < 1 or given["search"] < 0:
        raise UsageError(
            f"--neighbours {given['neighbours']} --search {given['search']}: at least 1 and 0 "
            "expected"
        )
    if given["window"] and given["target"] != "moments":
        raise UsageError("--window: only --target moments takes windows; add it, or leave it out")
    return Chosen(
        _ks(given["k"]),
        given["spectrum"],
        given["target"],
        windows_of(given),
        given["descriptor"],
        given["neighbours"],
        given["search"],
    )


def _ks(text: Any) -> tuple[int, ...]:
    try:
        ks = tuple(int(part) for part in str(text).split(","))
    except ValueError:
        ks = ()
    if not ks or min(ks) < 1 or len(set(ks)) < len(ks):
        raise UsageError(f"--k {text!r}: different numbers of 1 or more expected: 1,2,3,4")
    return tuple(sorted(ks))
