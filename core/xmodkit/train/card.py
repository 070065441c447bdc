"""The card of a model file, written from its own metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xmodkit.modelfile import ModelMetadata

__all__ = ["model_card"]


def model_card(name: str, metadata: ModelMetadata) -> str:
    """Return the card of a model file as Markdown: what it is, from what, how good, how far."""
    training, calibration = metadata.training, metadata.calibration
    data, split = training["data"], training["split"]
    simulated = data["source"] == "simulated"
    lines = [
        f"# {name}",
        "",
        f"Route `{metadata.route.name}` of the plugin `{metadata.plugin}`; architecture "
        f"`{training['model']}`; {sum(training['parameters'].values()):,} parameters "
        f"({', '.join(f'{k} {v:,}' for k, v in training['parameters'].items() if v)}).",
        *_notes(training.get("notes", ())),
        "",
        "## Data",
        f"- {data['samples']:,} samples, {data['source']}"
        + (f" ({data['simulator']})" if data["simulator"] else "")
        + f"; SHA-256 `{data['hash'][:16]}`",
        *map(_origin, data.get("origins", ())),
        f"- {_split(split)}; SHA-256 `{split['hash'][:16]}`; seed {training['seed']}",
        f"- trained {training['date']} with "
        + ", ".join(f"{k} {v}" for k, v in training["versions"].items()),
        "",
        "## Trust",
        _bounds(metadata),
        f"- novelty threshold {calibration.novelty_threshold:.3f} (1 % of "
        f"{_calibration_rows(metadata):,} calibration rows above)",
    ]
    if simulated:
        lines.append(
            "- every figure here rests on simulated data: it says how well the model follows the "
            "simulation, not how well it reads a measurement. Check it on measured pairs first."
        )
    rows = "Out-of-fold scores" if "folds" in split else "Scores on test rows"
    lines += ["", f"## {rows}", "", *_table(metadata.metrics), ""]
    lines.append(f"Licence: {metadata.licence}.")
    return "\n".join(lines) + "\n"


def _split(split: Mapping[str, Any]) -> str:
    if "folds" in split:
        stopping = f", {split['validation']:,} of them to stop it" if split["validation"] else ""
        return (
            f"cross-fitted, {split['folds']} folds by {split['by']}: bounds and scores come from "
            "models trained without the rows they predict; this model was trained on all "
            f"{split['train'] + split['validation']:,} rows{stopping}"
        )
    return (
        f"split by {split['by']}: {split['train']:,} training, {split['validation']:,} "
        f"validation, {split['calibration']:,} calibration, {split['test']:,} test rows"
    )


def _origin(origin: Mapping[str, str]) -> str:
    licence = f" Licence of the data: {origin['licence']}." if origin["licence"] else ""
    return f"- {origin['data'].rstrip('.')}.{licence}"


def _notes(notes: Sequence[str]) -> list[str]:
    return ["", *(f"- {note}" for note in notes)] if notes else []


def _bounds(metadata: ModelMetadata) -> str:
    calibration = metadata.calibration
    if metadata.route.bounds == "none":
        return "- bounds: none on this route"
    over = " over an ensemble" if metadata.route.bounds == "ensemble" else ""
    return (
        f"- bounds{over}: split-conformal, {calibration.coverage:.0%} stated, source "
        f"`{calibration.source}`, {calibration.rows:,} calibration rows; novel samples get none"
    )


def _calibration_rows(metadata: ModelMetadata) -> int:
    """Return how many rows novelty rests on; bounds rest on those of them that have a truth."""
    rows = metadata.training["split"].get("calibration")
    return metadata.calibration.rows if rows is None else int(rows)


def _table(metrics: Mapping[str, Any]) -> list[str]:
    rows = ["| quantity | score | value |", "| --- | --- | --- |"]
    for name, scores in metrics.items():
        if not isinstance(scores, Mapping):
            rows.append(f"| {name.replace('_', ' ')} | | {scores:.4g} |")
            continue
        for score, value in scores.items():
            if isinstance(value, int | float):
                rows.append(f"| {name} | {score.replace('_', ' ')} | {value:.4g} |")
            elif score.endswith(("third", "by_fold")):
                text = " / ".join("none" if v is None else f"{v:.3f}" for v in value)
                rows.append(f"| {name} | {score.replace('_', ' ')} | {text} |")
    return rows
