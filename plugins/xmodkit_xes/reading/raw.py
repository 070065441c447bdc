"""What `ingest` reads: published sets, and tables that join structures with their spectra."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from xmodkit.errors import MissingExtraError, UsageError
from xmodkit.inputs import real_path
from xmodkit.pair import Failure, Option, Options, Sample
from xmodkit.reading import describe
from xmodkit_xes.reading.datasets import TABLE_SUFFIXES, Grids, is_table, read_table
from xmodkit_xes.reading.published import POSCARS, read_set

__all__ = ["INGEST_OPTIONS", "RAW_SUFFIXES", "read_raw"]

_SET = ".npz"
RAW_SUFFIXES = (_SET, *TABLE_SUFFIXES)  # beside those of structures and of spectra

INGEST_OPTIONS = (
    Option(
        "conformers",
        "Keep this many further geometries of each molecule, made from its SMILES.",
        "int",
        0,
        ("ingest",),
    ),
    Option(
        "smiles",
        "Table (.csv) of compound,smiles: structures for compounds of a published set that come "
        "without one, or with a mistaken one.",
        "file",
        commands=("ingest",),
    ),
    Option(
        "energies",
        "Grid for one kind of spectra in eV, e.g. xes=2445:2480:351 (ends and points); else "
        "that of the first spectrum.",
        default=(),
        commands=("ingest",),
        multiple=True,
    ),
    Option(
        "normalise",
        "Divide each spectrum of a table by its area, or by its edge step; else as it is.",
        commands=("ingest",),
        choices=("area", "edge-step"),
    ),
)

Items = Iterator[Sample | Failure]


def read_raw(paths: Sequence[Path], options: Options) -> Items:
    """Yield every sample of raw files: structures with the spectra that belong to them.

    A `.npz` is a published set (`published.read_set`). A `.csv` or `.tsv` with a column
    `structure` is a table of samples (`datasets.read_table`) that names files of structures and
    of spectra, whether they were given or not. With the option `conformers` samples hold that
    many further geometries. What cannot be read, or stands in no table, is yielded as a failure.

    Raise `UsageError` for options that cannot mean anything, `MissingExtraError` where a library
    is absent.
    """
    further = options.get("conformers") or 0
    if further < 0:
        raise UsageError(f"--conformers {further} given; give 0 or more")
    smiles = _smiles(options.get("smiles"))
    grids = Grids.of(options.get("energies") or (), options.get("normalise"))
    used = {real_path(path.parent / POSCARS) for path in paths if path.suffix.lower() == _SET}
    for path in paths:
        if path.suffix.lower() == _SET:
            items = _guarded(path, partial(read_set, path, smiles))
        elif is_table(path):
            items = _guarded(path, partial(read_table, path, grids, options, used))
        else:
            continue
        used.add(real_path(path))
        for item in items:
            yield _conformed(item, further) if isinstance(item, Sample) and further else item
    for path in paths:
        if real_path(path) not in used:
            why = "no table names it; name it under `structure` or a kind of spectrum of one"
            yield Failure(path.name, str(path), f"{path}: {why}")


def _smiles(path: Path | str | None) -> dict[str, str]:
    """Return SMILES by compound; raise `UsageError` for a file that is no such table."""
    if path is None:
        return {}
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return {row["compound"]: row["smiles"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise UsageError(
            f"--smiles {path}: not a table with columns compound,smiles ({error}); give one"
        ) from error


def _guarded(path: Path, read: Callable[[], Items]) -> Items:
    """Yield what is read of a file; what goes wrong with it as a whole becomes a failure."""
    try:
        yield from read()
    except (UsageError, MissingExtraError):
        raise
    except Exception as error:  # one bad file never stops a batch
        yield Failure(path.name, str(path), describe(error, path))


def _conformed(sample: Sample, further: int) -> Sample | Failure:
    from xmodkit_xes.reading.conformers import with_conformers

    try:
        return with_conformers(sample, further)
    except MissingExtraError:
        raise
    except Exception as error:  # one bad molecule never stops a set
        text = describe(error, sample.source)
        return Failure(sample.id, sample.source, text, sample.ordinal)
