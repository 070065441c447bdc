"""Write a gap as people read it, with no more digits than it has."""

from __future__ import annotations

from math import isfinite

from xmodkit_uvvis.modalities import GAP_WINDOW_EV

__all__ = ["format_gap"]


def format_gap(value: float, lower: float | None, upper: float | None, status: str) -> str:
    """Return `2.31 (2.10-2.52)`, `> 2.95`, `< 1.40` or `none`; in eV, which is left to the caller.

    Bounds that are missing (None or NaN) are left out, and so are those of a censored gap.
    """
    low, high = GAP_WINDOW_EV
    if status == "above":
        return f"> {high:.2f}"
    if status == "below":
        return f"< {low:.2f}"
    if status == "none" or not isfinite(value):
        return "none"
    if lower is None or upper is None or not (isfinite(lower) and isfinite(upper)):
        return f"{value:.2f}"
    return f"{value:.2f} ({lower:.2f}-{upper:.2f})"
