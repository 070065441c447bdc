"""Write a derived scalar, and a table, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, isnan, log10

__all__ = ["aligned", "number_text", "scalar_text"]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines whose columns begin below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def number_text(value: float) -> str:
    """Return a score with three decimals; a small one with two digits, a large one with none."""
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def scalar_text(
    value: float,
    lower: float | None = None,
    upper: float | None = None,
    status: str | None = None,
    unit: str = "",
) -> str:
    """Return `2.31 (2.10-2.52)`, `2.43 (up to 2.79)`, `> 2.95 (from 2.70)`, `< 1.40` or `none`.

    There are two decimals; where all numbers are below 0.1, as many as give two digits. A bound
    that is infinite is open: the truth may lie outside the window. Bounds that are missing (None
    or NaN) are left out.
    """
    if status == "none" or isnan(value):
        return "none"
    sign = {"above": "> ", "below": "< "}.get(status or "", "")
    suffix = f" {unit}" if unit else ""
    if lower is None or upper is None or isnan(lower) or isnan(upper):
        return f"{sign}{value:.{_decimals(value)}f}{suffix}"
    decimals = _decimals(value, lower, upper)
    return f"{sign}{value:.{decimals}f}{suffix} ({_bounds(lower, upper, decimals)})"


def _decimals(*numbers: float) -> int:
    largest = max((abs(number) for number in numbers if isfinite(number)), default=0.0)
    return 2 if largest >= 0.1 or largest == 0 else 1 - floor(log10(largest))


def _bounds(lower: float, upper: float, decimals: int) -> str:
    low, high = f"{lower:.{decimals}f}", f"{upper:.{decimals}f}"
    if isfinite(lower) and isfinite(upper):
        return f"{low} to {high}" if lower < 0 else f"{low}-{high}"
    if isfinite(lower):
        return f"from {low}"
    return f"up to {high}" if isfinite(upper) else "open"
