"""The options of the pair: which atoms absorb, which windows have moments, and what others add."""

from __future__ import annotations

from xmodkit.pair import Option, Options, Route
from xmodkit_xes.inverse.options import FIT_OPTIONS
from xmodkit_xes.reading.absorbers import Absorber
from xmodkit_xes.reading.raw import INGEST_OPTIONS
from xmodkit_xes.reading.spectra import SPECTRUM_OPTIONS
from xmodkit_xes.simulator.simulate import SIMULATE_OPTIONS

__all__ = ["OPTIONS", "absorber_of", "default_element"]

# Of one kind of spectra there is a model for each element; of others oxygen is meant.
_DEFAULT_ELEMENT = {"xes": "S", "xanes": "S"}

OPTIONS = (
    Option(
        "absorber",
        "Absorbing atoms: an element (S), 0-based indices (4,7) or both (Cu:4,7); by default the "
        "model's element, else S (O for xas and xps).",
    ),
    Option(
        "window",
        "Window of the spectrum in eV whose moments are computed, LOW,HIGH; several times: each. "
        "By default those of the absorber's lines.",
        default=(),
        multiple=True,
    ),
    Option("k", "Number of latent scores (components).", "int", commands=("train",)),
    Option(
        "descriptor",
        "What the networks see of a cluster; by default internal coordinates of three atoms, else "
        "symmetry functions.",
        commands=("train",),
        choices=("internal", "coulomb", "symmetry"),
    ),
    *SPECTRUM_OPTIONS,
    *INGEST_OPTIONS,
    *FIT_OPTIONS,
    *SIMULATE_OPTIONS,
)


def absorber_of(route: Route, options: Options, element: str | None = None) -> Absorber:
    """Return which atoms absorb: those the option names, else those of the default element.

    `element` is that of the model, if it is known. Raise `UsageError` for an option that cannot
    mean anything, or names another element.
    """
    if not options.get("absorber"):
        return Absorber(element or default_element(route))
    given = Absorber.parse(str(options["absorber"]))
    return given if element is None else given.of(element)


def default_element(route: Route) -> str:
    """Return the element whose model is meant if none is named."""
    return _DEFAULT_ELEMENT.get(route.target, "O") if route.source == "structure" else "O"
