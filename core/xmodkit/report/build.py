"""Turn a judged run into a report: numbers, pictures, and the page that holds both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.report.figures import core_figures
from xmodkit.report.numbers import evaluation_numbers
from xmodkit.report.page import Section, page, picture, table
from xmodkit.report.style import style
from xmodkit.scores import finite

__all__ = ["Report", "make_report"]

_FIELD_ROWS = {
    "r2_mean": "R², mean over channels",
    "r2_min": "R², worst channel",
    "pearson_mean": "Pearson, mean over channels",
    "mae": "MAE",
    "rmse": "RMSE",
}
_SCALAR_ROWS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "mean_error": "mean error",
    "median_error": "median error",
}
_BOUND_COLUMNS = {
    "coverage": "coverage",
    "coverage_worst_channel": "worst channel",
    "coverage_whole_curve": "whole curve",
    "coverage_by_novelty_third": "by third of novelty",
    "relative_width": "relative width",
}
_GROUP_COLUMNS = ("samples", "r2_mean", "r2_min", "mae", "rmse", "coverage", "coverage_whole_curve")


@dataclass(frozen=True)
class Report:
    """A report: one HTML page, and the same numbers as plain JSON values."""

    html: str
    numbers: Mapping[str, Any]
    figures: Sequence[Figure]

    def write(self, path: Path) -> Path:
        """Write the page and, beside it, its numbers (`report.json`); return the latter's path.

        Either file appears whole or not at all.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".json")
        _replace(path, self.html)
        _replace(beside, json.dumps(self.numbers, indent=1) + "\n")
        return beside


def make_report(evaluation: Evaluation) -> Report:
    """Return the report of a judged run; raise `MissingExtraError` without matplotlib.

    The pair's own figures come first; where one has the name of a figure of the core's, it stands
    in its place.
    """
    with style():
        own = list(evaluation.pair.figures(evaluation))
        names = {figure.name for figure in own}
        figures = own + [f for f in core_figures(evaluation) if f.name not in names]
    numbers = evaluation_numbers(evaluation)
    rows = _summary(numbers, evaluation, own)
    numbers["summary"] = finite([asdict(row) for row in rows])
    numbers["figures"] = finite(
        {figure.name: dict(figure.numbers) for figure in figures if figure.numbers}
    )
    return Report(_page(evaluation, numbers, rows, figures), numbers, figures)


def _summary(
    numbers: Mapping[str, Any], evaluation: Evaluation, own: Sequence[Figure]
) -> list[Row]:
    """Return the summary's lines: the pair's, then the core's that the pair did not give."""
    rows = {row.quantity: row for figure in own for row in figure.rows}
    for row in chain(_field_rows(numbers, evaluation), _scalar_rows(numbers)):
        rows.setdefault(row.quantity, row)
    return list(rows.values())


def _field_rows(numbers: Mapping[str, Any], evaluation: Evaluation) -> Iterator[Row]:
    for name, scores in numbers["fields"].items():
        unit = evaluation.pair.modality(evaluation.route.target).field(name).unit
        for key, label in _FIELD_ROWS.items():
            values = {peer: found[key] for peer, found in scores["peers"].items()}
            yield Row(f"{_words(name)}: {label}", values, unit if key in ("mae", "rmse") else "")


def _scalar_rows(numbers: Mapping[str, Any]) -> Iterator[Row]:
    for name, scores in numbers["derived"].items():
        for key, label in _SCALAR_ROWS.items():
            values = {peer: found.get(key) for peer, found in scores["peers"].items()}
            yield Row(f"{_words(name)}: {label}", values, scores["unit"])


def _page(
    evaluation: Evaluation,
    numbers: Mapping[str, Any],
    rows: Sequence[Row],
    figures: Sequence[Figure],
) -> str:
    data = _data_line(evaluation)
    sections = [Section("Summary", [_summary_table(evaluation, rows), *_summary_notes(numbers)])]
    sections.append(Section("Bounds and novelty", list(_bounds(numbers))))
    if numbers["by_group"]:
        sections.append(Section("Groups", [_group_table(numbers), _GROUP_NOTE]))
    headings: dict[str, list[str]] = {}
    for figure in figures:
        shown = picture(figure.picture, figure.title, figure.caption, data)
        headings.setdefault(figure.section or "More", []).append(shown)
    sections += [Section(title, parts) for title, parts in headings.items()]
    sections.append(Section("Data and split", [_provenance_table(numbers)]))
    title = f"{numbers['run']}: {numbers['model']}, {numbers['route']}"
    return page(title, data, _warnings(evaluation), sections)


def _data_line(evaluation: Evaluation) -> str:
    """Return in one line what every figure rests on."""
    settings = evaluation.run.settings
    kind = "simulated" if evaluation.simulated else "measured"
    simulator = settings["data"].get("simulator") or ""
    return (
        f"{len(evaluation.samples):,} {kind} samples of {Path(evaluation.store).name}"
        + (f" ({simulator})" if evaluation.simulated and simulator else "")
        + f" that the run never saw; split by {settings['split']['by']}, seed {settings['seed']}."
    )


def _warnings(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.simulated:
        yield (
            "Simulated data: every figure here says how well the model inverts the simulator, not "
            "how well it reads a real measurement."
        )
    if not evaluation.reference:
        yield (
            "The store holds none of the run's training rows: the mean and the unconditional width "
            "are those of the judged samples themselves, and baselines are left out."
        )


def _summary_table(evaluation: Evaluation, rows: Sequence[Row]) -> str:
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


def _summary_notes(numbers: Mapping[str, Any]) -> Iterator[str]:
    for peer, found in numbers["against"].items():
        low, high = found["interval_95"]
        sign = "differs" if found["excludes_zero"] else "does not differ for certain"
        yield (
            f"<p>Against {peer}: mean RMSE of a sample {found['rmse_difference']:+.4f} "
            f"(95 % {low:+.4f} to {high:+.4f}, paired bootstrap over each {found['units']}): "
            f"{sign}.</p>"
        )


def _bounds(numbers: Mapping[str, Any]) -> Iterator[str]:
    lines = [
        [_words(name), *(_number(scores["bounds"].get(key)) for key in _BOUND_COLUMNS)]
        for name, scores in (numbers["fields"] | numbers["derived"]).items()
        if "bounds" in scores
    ]
    stated = numbers["bounds"]
    if lines:
        yield (
            f"<p>Stated coverage {stated['stated_coverage']:.0%}; source of the bounds: "
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
        lines = [[label, _number(novelty[key])] for key, label in labels.items()]
        yield table(["novelty", "value"], lines)


_GROUP_NOTE = (
    "<p>Seen: the sample's group had other samples among the training rows. A random split tests "
    "the first row of a kind, a split by group the second.</p>"
)


def _group_table(numbers: Mapping[str, Any]) -> str:
    lines = []
    for kind, found in numbers["by_group"].items():
        for key, label in (("seen_in_training", "seen"), ("never_seen", "never seen")):
            part = found[key]
            lines.append([f"{kind}: {label}", *(_number(part.get(k)) for k in _GROUP_COLUMNS)])
    return table(["", *(name.replace("_", " ") for name in _GROUP_COLUMNS)], lines)


def _provenance_table(numbers: Mapping[str, Any]) -> str:
    data, split = numbers["data"], numbers["split"]
    left_out = "; ".join(f"{n:,} {reason}" for reason, n in numbers["left_out"].items())
    parts = ", ".join(f"{split[part]:,} {part}" for part in split if isinstance(split[part], int))
    lines = [
        ["samples judged", f"{numbers['samples']:,} ({numbers['rows']}) of {numbers['store']}"],
        ["left out", left_out or "none"],
        ["trained on", f"{data['samples']:,} samples, {data['source']} {data['simulator']}"],
        ["data SHA-256", str(data["hash"])],
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
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
