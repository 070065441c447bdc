"""Turn a judged run into a report: numbers, pictures, and the page that holds both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from xmodkit.evaluation import Evaluation, Figure, Row
from xmodkit.replacing import replacing
from xmodkit.report.figures import core_figures
from xmodkit.report.numbers import evaluation_numbers
from xmodkit.report.page import Section, page, picture
from xmodkit.report.style import style
from xmodkit.report.tables import (
    GROUP_NOTE,
    bounds_parts,
    group_table,
    provenance_table,
    summary_notes,
    summary_table,
    words,
)
from xmodkit.scores import finite

__all__ = ["Report", "make_report"]

_FIELD_ROWS = {
    "r2_pooled": "R², pooled over samples and channels",
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
        for place, text in ((path, self.html), (beside, json.dumps(self.numbers, indent=1) + "\n")):
            with replacing(place) as partial:
                partial.write_text(text, encoding="utf-8")
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
        unit = evaluation.prediction.fields[name].unit
        for key, label in _FIELD_ROWS.items():
            values = {peer: found[key] for peer, found in scores["peers"].items()}
            yield Row(f"{words(name)}: {label}", values, unit if key in ("mae", "rmse") else "")


def _scalar_rows(numbers: Mapping[str, Any]) -> Iterator[Row]:
    for name, scores in numbers["derived"].items():
        for key, label in _SCALAR_ROWS.items():
            values = {peer: found.get(key) for peer, found in scores["peers"].items()}
            yield Row(f"{words(name)}: {label}", values, scores["unit"])


def _page(
    evaluation: Evaluation,
    numbers: Mapping[str, Any],
    rows: Sequence[Row],
    figures: Sequence[Figure],
) -> str:
    data = _data_line(evaluation)
    sections = [Section("Summary", [summary_table(evaluation, rows), *summary_notes(numbers)])]
    sections.append(Section("Bounds and novelty", list(bounds_parts(numbers))))
    if numbers["by_group"]:
        sections.append(Section("Groups", [group_table(numbers), GROUP_NOTE]))
    headings: dict[str, list[str]] = {}
    for figure in figures:
        shown = picture(figure.picture, figure.title, figure.caption, data)
        headings.setdefault(figure.section or "More", []).append(shown)
    sections += [Section(title, parts) for title, parts in headings.items()]
    sections.append(Section("Data and split", [provenance_table(numbers)]))
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
            "Simulated data: every figure here says how well the model agrees with the simulation, "
            "not how well with a real measurement."
        )
    if not evaluation.reference:
        yield (
            "The store holds none of the run's training rows: the mean and the unconditional width "
            "are those of the judged samples themselves, and baselines are left out."
        )
