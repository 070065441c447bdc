"""Write a derived scalar, and a table, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

__all__ = ["aligned", "scalar_text"]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines whose columns begin below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def scalar_text(
    value: float,
    lower: float | None = None,
    upper: float | None = None,
    status: str | None = None,
    unit: str = "",
) -> str:
    """Return `2.31 (2.10-2.52)`, `2.43 (up to 2.79)`, `> 2.95 (from 2.70)`, `< 1.40` or `none`.

    A bound that is infinite is open: the truth may lie outside the window. Bounds that are
    missing (None or NaN) are left out.
    """
    if status == "none" or isnan(value):
        return "none"
    sign = {"above": "> ", "below": "< "}.get(status or "", "")
    text = f"{sign}{value:.2f}" + (f" {unit}" if unit else "")
    if lower is None or upper is None or isnan(lower) or isnan(upper):
        return text
    bounds = _bounds(lower, upper)
    return f"{text} ({bounds})" if bounds else text


def _bounds(lower: float, upper: float) -> str:
    if isfinite(lower) and isfinite(upper):
        return f"{lower:.2f}-{upper:.2f}"
    if isfinite(lower):
        return f"from {lower:.2f}"
    return f"up to {upper:.2f}" if isfinite(upper) else "open"
