"""A model file put to rows, good and faulty, of one direction; for `morphology_trust.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import xmodkit
from xmodkit.batching import Batcher
from xmodkit.errors import InputError
from xmodkit.modality import Array, Arrays
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value

__all__ = ["Judge", "limits", "with_fields"]

_FIRST = {"saxs:sem": "two_point", "sem:saxs": "log_intensity"}  # what errors are of
_HUGE = 1e30  # stands for a novelty that is no number


class Judge:
    """One route of a model file, and what it says of rows whose truth (n, ...) is known."""

    def __init__(self, name: str, model: Path | None, device: str, **options: int) -> None:
        self.predict = xmodkit.load(model or "saxs-sem", route=name, device=device, **options)
        self.pair = self.predict.pair
        self.route = self.predict.predictor.route
        assert self.pair is not None
        if self.route.name != name:
            raise SystemExit(f"{model}: predicts {self.route.name}, {name} expected")

    @property
    def field(self) -> str:
        """The field that rows are judged by."""
        return _FIRST[self.route.name]

    def rows(self, samples: Sequence[Sample]) -> list[Arrays]:
        """Return what the graph takes of samples."""
        return [self.pair.encode(sample, self.route, {})[0] for sample in samples]

    def fields_alone(self, rows: Sequence[Arrays]) -> Prediction:
        """Predict rows without what is derived of them, which takes its time."""
        batcher = Batcher(self.predict.predictor, self.pair.batch_size, self.predict.inputs)
        return batcher.run(rows)

    def errors(self, prediction: Prediction, truth: Array) -> NDArray[np.float64]:
        """Return the mean absolute error (n,) of the field that rows are judged by."""
        away = np.abs(prediction.fields[self.field].value - truth)
        return np.asarray(np.nanmean(away.reshape(len(away), -1), axis=1))

    def detection(
        self,
        familiar: Prediction,
        truth: Array,
        kinds: Iterable[tuple[str, Sequence[Sample], bool]],
    ) -> dict[str, dict[str, Any]]:
        """Print how well each kind of rows is told from familiar ones, and what errors they make.

        A kind is its name, its samples, and whether their truths are the first of `truth`. Errors
        are in units of those of the same rows without the fault; `inside` is the share of truths
        within the bounds of the rows that passed.
        """
        print(
            f"{'':<34}{'n':>5}{'refused':>9}{'flagged':>9}{'AUROC':>7}{'novelty':>10}"
            f"{'error':>8}{'inside':>8}"
        )
        before = self.errors(familiar, truth)
        levels, errors = [_novelty(familiar)], [before]
        table = {}
        for name, samples, known in kinds:
            taken, rows = self._taken(samples)
            found = self.fields_alone(rows) if rows else None
            row: dict[str, Any] = {"n": len(samples), "refused": 1 - len(rows) / len(samples)}
            row["flagged"] = row["refused"]
            if found is not None:
                row |= self._told(familiar, found, len(samples))
                if known:
                    row |= self._erred(found, truth[taken], before[taken])
                    levels.append(_novelty(found))
                    errors.append(self.errors(found, truth[taken]))
            table[name] = row
            print(f"  {name:<32}{_line(row)}")
        ranked = {
            "familiar rows": _spearman(levels[0], errors[0]),
            "these and the faulty ones": _spearman(np.concatenate(levels), np.concatenate(errors)),
        }
        told = ", ".join(f"{among} {value:.2f}" for among, value in ranked.items())
        print(f"Spearman(novelty, error of {self.field}) among {told}")
        return {**table, "spearman": ranked}

    def _taken(self, samples: Sequence[Sample]) -> tuple[list[int], list[Arrays]]:
        """Return which samples the pair does not refuse, and what the graph takes of them."""
        taken, rows = [], []
        for number, sample in enumerate(samples):
            try:
                rows += self.rows([sample])
            except InputError:
                continue
            taken.append(number)
        return taken, rows

    def _told(self, familiar: Prediction, found: Prediction, n: int) -> dict[str, float]:
        known, strange = _novelty(familiar), _novelty(found)
        labels = np.r_[np.zeros(len(known)), np.ones(len(strange))]
        assert found.novel is not None
        refused = n - len(strange)
        return {
            "flagged": float((found.novel.sum() + refused) / n),
            "auroc": float(roc_auc_score(labels, np.r_[known, strange])),
            "novelty": float(np.median(strange)),
        }

    def _erred(self, found: Prediction, truth: Array, before: Array) -> dict[str, float]:
        value = found.fields[self.field]
        row = {"error_ratio": float(self.errors(found, truth).mean() / before.mean())}
        passed = ~found.novel if found.novel is not None else np.ones(len(truth), bool)
        if value.lower is not None and value.upper is not None and passed.any():
            inside = (truth >= value.lower) & (truth <= value.upper)
            row["inside"] = float(inside[passed][~np.isnan(truth[passed])].mean())
        return row


def with_fields(sample: Sample, source: str, fields: Arrays) -> Sample:
    """Return a sample whose source is replaced."""
    return replace(sample, arrays={source: fields})


def limits(value: Value) -> tuple[Array, Array]:
    """Return the bounds of a field; end the benchmark if the model file gives none."""
    if value.lower is None or value.upper is None:
        raise SystemExit("a model file without bounds given; there is nothing to judge")
    return value.lower, value.upper


def _novelty(prediction: Prediction) -> Array:
    assert prediction.novelty is not None
    return np.nan_to_num(prediction.novelty.astype(np.float64), nan=_HUGE, posinf=_HUGE)


def _spearman(novelty: Array, error: Array) -> float:
    return float(spearmanr(novelty, error).statistic)


def _line(row: dict[str, Any]) -> str:
    def told(name: str, form: str) -> str:
        return format(row[name], form) if name in row else "-"

    return (
        f"{row['n']:>5}{row['refused']:>9.0%}{row['flagged']:>9.0%}{told('auroc', '.3f'):>7}"
        f"{told('novelty', '.3g'):>10}{told('error_ratio', '.2f'):>8}{told('inside', '.2f'):>8}"
    )
