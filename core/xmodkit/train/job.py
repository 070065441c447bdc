"""What one training is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xmodkit.errors import UsageError
from xmodkit.pair import ModalityPair, Options, Route
from xmodkit.train.data import Memory
from xmodkit.train.logs import Epoch
from xmodkit.train.splits import FRACTIONS

__all__ = ["Progress", "Report", "TrainJob"]

Report = Callable[[Epoch], None]
Progress = Callable[[str, int], None]

_FEWEST_FOLDS = 3  # bounds of each fold are judged by those of the others


@dataclass(frozen=True)
class TrainJob:
    """All that one training is told.

    `route` is what to train for (the model's own if None), `options` are the pair's for `train`.
    `split_by` names the entry of `Sample.groups` that stays in one part (`sample`: each on its
    own; the pair's if None), `fractions` how much each part gets; or `split` is the split.csv of
    another run; or `folds` says by how many models, each trained without a share of the groups,
    calibration and scores are found, so that the run's own model can learn from every row.
    `start` is the folder of a run to start from; `memory` says where prepared arrays are kept.

    Raise `UsageError` if `folds` comes with what it cannot go with.
    """

    pair: ModalityPair
    model: str
    store: Path
    out: Path
    seed: int = 0
    epochs: int | None = None
    route: Route | None = None
    options: Options = field(default_factory=dict)
    split_by: str | None = None
    fractions: Mapping[str, float] = field(default_factory=lambda: FRACTIONS)
    split: Path | None = None
    folds: int | None = None
    start: Path | None = None
    memory: Memory = "auto"
    resume: bool = False
    overwrite: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        if self.folds is None:
            return
        if self.folds < _FEWEST_FOLDS:
            raise UsageError(f"--folds {self.folds}: {_FEWEST_FOLDS} or more expected")
        shares = None if self.fractions == FRACTIONS else self.fractions
        given_too = {"--split": self.split, "--from": self.start, "--fractions": shares}
        for name, given in given_too.items():
            if given is not None:
                raise UsageError(
                    f"--folds with {name}: each fold trains from scratch on all others"
                )

    @property
    def group(self) -> str:
        """The kind of group that stays in one part."""
        return self.split_by or self.pair.split_by
