"""The options of the way back."""

from __future__ import annotations

from xmodkit.pair import Option

__all__ = ["FIT_OPTIONS"]

FIT_OPTIONS = (
    Option(
        "fix",
        "Back to a structure: what is known and not fitted, of shift,scale,broadening,background; "
        "scale means that the curve has the decoder's units.",
    ),
    Option(
        "noise",
        "Back to a structure: standard deviation of the curve's noise as a share of its maximum "
        "(default: estimated from the curve).",
        type="float",
    ),
    Option(
        "ensemble",
        "Back to a structure: the curve is the mean over an ensemble; fit mean and spread.",
        type="flag",
        default=False,
    ),
)
