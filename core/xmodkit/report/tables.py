"""The tables of a report, as HTML, from its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from xmodkit.evaluation import Evaluation, Row
from xmodkit.report.page import table
from xmodkit.text import number_text

__all__ = [
    "GROUP_NOTE",
    "bounds_parts",
    "group_table",
    "provenance_table",
    "summary_notes",
    "summary_table",
    "words",
]

_BOUND_COLUMNS = {
    "coverage": "coverage",
    "coverage_worst_channel": "worst channel",
    "coverage_whole_curve": "whole curve",
    "coverage_by_novelty_third": "by third of novelty",
    "relative_width": "relative width",
}
_GROUP_COLUMNS = ("samples", "r2_mean", "r2_min", "mae", "rmse", "coverage", "coverage_whole_curve")


def summary_table(evaluation: Evaluation, rows: Sequence[Row]) -> str:
    """Return every quantity with each peer's value, and what was published."""
    peers = list(evaluation.peers)
    published = any(row.published for row in rows)
    header = ["", *peers, *(["published"] if published else [])]
    lines = [
        [
            row.quantity + (f" / {row.unit}" if row.unit not in ("", "1") else ""),
            *(_number(row.values.get(peer)) for peer in peers),
            *([row.published] if published else []),
        ]
        for row in rows
    ]
    return table(header, lines)


def summary_notes(numbers: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the run compares with each peer, as paragraphs."""
    for peer, found in numbers["against"].items():
        low, high = found["interval_95"]
        sign = "differs" if found["excludes_zero"] else "does not differ for certain"
        yield (
            f"<p>Against {escape(peer)}: mean RMSE of a sample {found['rmse_difference']:+.4f} "
            f"(95 % {low:+.4f} to {high:+.4f}, paired bootstrap over each {found['units']}): "
            f"{sign}.</p>"
        )


def bounds_parts(numbers: Mapping[str, Any]) -> Iterator[str]:
    """Yield coverage and width of the bounds, and what novelty tells, as tables."""
    lines = [
        [words(name), *(_number(scores["bounds"].get(key)) for key in _BOUND_COLUMNS)]
        for name, scores in (numbers["fields"] | numbers["derived"]).items()
        if "bounds" in scores
    ]
    stated = numbers["bounds"]
    over = ", over an ensemble" if stated["kind"] == "ensemble" else ""
    if lines:
        yield (
            f"<p>Stated coverage {stated['stated_coverage']:.0%}{over}; source of the bounds: "
            f"{stated['source']}. Relative width: of the interval that holds as many training "
            "values, whatever the input.</p>"
        )
        yield table(["", *_BOUND_COLUMNS.values()], lines)
    else:
        yield "<p>This route gives no bounds.</p>"
    if novelty := numbers["novelty"]:
        labels = {
            "novel_share": "share flagged as novel",
            "spearman_with_error": "Spearman(novelty, error)",
            "aurc": "area under risk-coverage, by novelty",
            "aurc_at_random": "in any order",
            "aurc_by_error": "by true error (best possible)",
        }
        lines = [[text, _number(novelty[key])] for key, text in labels.items() if key in novelty]
        yield table(["novelty", "value"], lines)


GROUP_NOTE = (
    "<p>Seen: the sample's group had other samples among the training rows. A random split tests "
    "the first row of a kind, a split by group the second.</p>"
)


def group_table(numbers: Mapping[str, Any]) -> str:
    """Return the scores of groups that training saw and of those that it never saw."""
    lines = []
    for kind, found in numbers["by_group"].items():
        for key, label in (("seen_in_training", "seen"), ("never_seen", "never seen")):
            part = found[key]
            lines.append([f"{kind}: {label}", *(_number(part.get(k)) for k in _GROUP_COLUMNS)])
    return table(["", *(name.replace("_", " ") for name in _GROUP_COLUMNS)], lines)


def provenance_table(numbers: Mapping[str, Any]) -> str:
    """Return what was judged and trained on: data, split, seed, versions."""
    data, split = numbers["data"], numbers["split"]
    left_out = "; ".join(f"{n:,} {reason}" for reason, n in numbers["left_out"].items())
    parts = ", ".join(f"{split[part]:,} {part}" for part in split if isinstance(split[part], int))
    lines = [
        ["samples judged", f"{numbers['samples']:,} ({numbers['rows']}) of {numbers['store']}"],
        ["left out", left_out or "none"],
        ["trained on", f"{data['samples']:,} samples, {data['source']} {data['simulator']}"],
        ["data SHA-256", str(data["hash"])],
        *(
            ["data", f"{origin['data']} {origin['licence']}".strip()]
            for origin in data.get("origins", ())
        ),
        ["split", f"by {split['by']}: {parts}"],
        ["split SHA-256", str(split["hash"])],
        ["seed", f"training {numbers['seed']['training']}, report {numbers['seed']['report']}"],
        ["parameters", f"{numbers['parameters']:,}"],
        ["trained", numbers["date"]],
        ["versions", ", ".join(f"{name} {v}" for name, v in numbers["versions"].items())],
    ]
    return table(["", ""], lines)


def _number(value: Any) -> str:
    if value is None or value != value:  # NaN: the training mean correlates with nothing
        return "–"
    if isinstance(value, list):
        return " / ".join(_number(v) for v in value)
    if isinstance(value, int):
        return f"{value:,}"
    return number_text(value)


def words(name: str) -> str:
    """Return a name as words."""
    return name.replace("_", " ")
