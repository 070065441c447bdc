"""What a local calibration says of itself: a table, notices, and the card of the new file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xmodkit.recalibrate import FEWEST_PAIRS, REFIT, Recalibrated
from xmodkit.text import aligned

__all__ = ["notices", "site_card", "table"]

_HEADS = (
    "quantity",
    "rows",
    "MAE",
    "mean error",
    "old coverage",
    "old half-width",
    "new half-width",
)


def table(summary: Mapping[str, Any]) -> list[str]:
    """Return the quantities of a summary as aligned lines."""
    return aligned([_HEADS, *_rows(summary)])


def notices(summary: Mapping[str, Any]) -> list[str]:
    """Return what the figures of a summary mean, one line each."""
    low, high = summary["coverage_interval"]
    lines = [
        f"{summary['pairs']} {_kind(summary)} pairs, {_units(summary)}: the "
        f"true coverage of the new bounds lies between {low:.1%} and {high:.1%} "
        f"(95 % interval; {summary['coverage']:.0%} stated)",
        _method(summary),
        _novelty(summary["novelty"]),
    ]
    if summary["units"] < FEWEST_PAIRS:
        lines.insert(1, _few_units(summary))
    if summary["left_out"]:
        lines.append(f"{summary['left_out']} pairs left out: something in them is not finite")
    if summary["source"] == "simulated":
        lines.append("these pairs were simulated, and the file says so: not a calibration on site")
    return lines


def site_card(name: str, result: Recalibrated, before: str = "") -> str:
    """Return the card of the new model file as Markdown; `before` is that of the old one."""
    metadata, summary = result.metadata, result.summary
    origin = metadata.calibration.origin
    old = origin["replaces"]
    rows = _rows(summary)
    lines = [
        f"# {name}",
        "",
        f"Route `{metadata.route.name}` of the plugin `{metadata.plugin}`: the values of "
        f"`{old['model']}` (graph SHA-256 `{old['graph'][:16]}`), with bounds and novelty "
        f"threshold calibrated on {_kind(summary)} pairs.",
        "",
        "## Calibration",
        f"- {origin['date']}; pairs' SHA-256 `{origin['pairs'][:16]}`; it replaces one on "
        f"{old['rows']:,} rows, source `{old['source']}`",
        *(f"- {line}" for line in notices(summary)),
        "",
        f"| {' | '.join(_HEADS)} |",
        f"|{' --- |' * len(_HEADS)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "Old coverage is that of the former bounds on these pairs, where the former threshold "
        "gave any. The new bounds cover the pairs they were fitted to by construction: judge them "
        "on further ones.",
    ]
    if before:
        lines += [
            "",
            "## Card of the model before this calibration",
            "Its bounds, novelty and scores were those of the former calibration.",
            "",
            *(f"##{line}" if line.startswith("#") else line for line in before.splitlines()),
        ]
    else:
        lines += ["", f"Licence: {metadata.licence}."]
    return "\n".join(lines) + "\n"


def _rows(summary: Mapping[str, Any]) -> list[Sequence[str]]:
    return [
        (
            name,
            str(q["rows"]),
            _number(q["mae"]),
            _number(q["mean_error"]),
            "none" if q["coverage_before"] is None else f"{q['coverage_before']:.1%}",
            _number(q["half_width_before"]),
            _number(q["half_width_after"]),
        )
        for name, q in summary["quantities"].items()
    ]


def _number(value: float | None) -> str:
    return "open" if value is None else f"{value:.4g}"


def _kind(summary: Mapping[str, Any]) -> str:
    return "measured" if summary["source"] == "local" else "simulated"


def _units(summary: Mapping[str, Any]) -> str:
    return f"units by {summary['group']}: {summary['units']}"


def _few_units(summary: Mapping[str, Any]) -> str:
    if summary["units_fit"]:
        return f"warning: fewer than {FEWEST_PAIRS} units: the coverage is known only as stated"
    return (
        f"warning: {_units(summary)}, too few to say anything of a further one: these bounds hold "
        "for further samples of the same ones, not for others"
    )


def _method(summary: Mapping[str, Any]) -> str:
    if summary["method"] == "refitted":
        return "bounds fitted anew, per channel and tail"
    return (
        f"bounds rescaled by one factor a quantity, their shape kept: fewer than {REFIT} "
        "independent pairs are too few for a quantile per channel"
    )


def _novelty(novelty: Mapping[str, Any]) -> str:
    before, after = novelty["threshold_before"], novelty["threshold_after"]
    why = {
        "kept": f"kept at {before:.3g}: it flags no more than 5 % of the pairs",
        "raised": f"raised from {before:.3g} to {after:.3g}, which 5 % may exceed: fewer than "
        f"{REFIT} independent pairs cannot tell 1 %",
        "refitted": f"fitted anew, {after:.3g} for {before:.3g}: 1 % of the pairs exceed it",
    }[novelty["method"]]
    return (
        f"novelty threshold {why}; {novelty['share_before']:.1%} of the pairs novel before, "
        f"{novelty['share_after']:.1%} now"
    )
