"""The folder of a run while it is made: which files, and who may continue or replace them."""

from __future__ import annotations

import shutil
from pathlib import Path

from xmodkit.errors import UsageError
from xmodkit.output import make_folder
from xmodkit.train.distributed import Processes
from xmodkit.train.job import TrainJob

__all__ = [
    "CACHE",
    "CHECKPOINT",
    "FOLDS",
    "ROUTES",
    "SEAL",
    "SPLIT",
    "STARTED",
    "empty_folder",
    "prepare_folder",
    "settle_folder",
]

SEAL = "run.json"  # written last: a folder with it holds a finished run
SPLIT = "split.csv"  # written first
STARTED = "started.csv"  # what the runs that it started from had learned from
CHECKPOINT = "checkpoint.pt"
ROUTES = "routes"
FOLDS = "folds"
CACHE = "cache"


def prepare_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Make the folder of a run; raise `UsageError` if it holds one and neither is asked for.

    What `overwrite` replaces stays until `empty_folder`: the new training may yet be refused.
    """
    if resume and overwrite:
        raise UsageError("--resume continues a run, --overwrite replaces it: give one of them")
    if (folder / SEAL).exists() and not overwrite:
        raise UsageError(f"{folder}: holds a finished run; --overwrite replaces it")
    if _holds_run(folder) and not (resume or overwrite):
        raise UsageError(
            f"{folder}: holds an unfinished run; --resume continues it, --overwrite replaces it"
        )
    if _holds_run(folder) and overwrite:
        shutil.rmtree(folder / CACHE, ignore_errors=True)
    make_folder(folder, "--out")


def empty_folder(folder: Path) -> None:
    """Remove what another training left, prepared arrays apart; leave any other folder alone."""
    if not _holds_run(folder):
        return
    # The seal goes first: what is left of a half-removed run must not pass for a finished one.
    for name in (SEAL, CHECKPOINT, SPLIT, STARTED, "losses.csv", "losses.png"):
        (folder / name).unlink(missing_ok=True)
    for name in (ROUTES, FOLDS, "tensorboard"):
        shutil.rmtree(folder / name, ignore_errors=True)


def settle_folder(job: TrainJob, processes: Processes) -> None:
    """Remove what `--overwrite` replaces; not before: a wrong store must not cost the old run.

    Raise `UsageError` if a cross-fitted training would be resumed as another.
    """
    if job.resume and not job.folds and (job.out / FOLDS).exists():
        raise UsageError(
            f"{job.out}: the unfinished training is cross-fitted; --resume with its --folds, or "
            "--overwrite it"
        )
    if job.overwrite:
        if processes.is_first:
            empty_folder(job.out)
        processes.wait()


def _holds_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (SEAL, SPLIT, CHECKPOINT))
