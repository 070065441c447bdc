"""The folder of a run while it is made: which files, and who may continue or replace them."""

from __future__ import annotations

import shutil
from pathlib import Path

from xmodkit.errors import UsageError

__all__ = ["CACHE", "CHECKPOINT", "SEAL", "SPLIT", "prepare_folder"]

SEAL = "run.json"  # written last: a folder with it holds a finished run
SPLIT = "split.csv"  # written first
CHECKPOINT = "checkpoint.pt"
CACHE = "cache"


def prepare_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Make the folder of a run; with `overwrite` remove what another training left there.

    Raise `UsageError` if it holds a run and neither is asked for.
    """
    if resume and overwrite:
        raise UsageError("--resume continues a run, --overwrite replaces it: give one of them")
    if overwrite:
        # The seal goes first: what is left of a half-removed run must not pass for a finished one.
        for name in (SEAL, CHECKPOINT, SPLIT, "losses.csv", "losses.png"):
            (folder / name).unlink(missing_ok=True)
        for name in (CACHE, "tensorboard"):
            shutil.rmtree(folder / name, ignore_errors=True)
    elif (folder / SEAL).exists():
        raise UsageError(f"{folder}: holds a finished run; --overwrite replaces it")
    elif not resume and ((folder / SPLIT).exists() or (folder / CHECKPOINT).exists()):
        raise UsageError(
            f"{folder}: holds an unfinished run; --resume continues it, --overwrite replaces it"
        )
    folder.mkdir(parents=True, exist_ok=True)
