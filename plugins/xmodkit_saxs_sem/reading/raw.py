"""What `ingest` reads: the published folders of pairs, and tables of frames and micrographs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from xmodkit.errors import InputError, UsageError
from xmodkit.inputs import real_path
from xmodkit.pair import Failure, Options, Sample
from xmodkit.reading import describe
from xmodkit_saxs_sem.reading.frames import read_frames
from xmodkit_saxs_sem.reading.micrographs import read_micrographs

__all__ = ["PUBLISHED_ROWS", "pairs_header", "read_raw"]

PUBLISHED_ROWS = 830  # of a published micrograph lie above its info bar (PairVAE, JACS Au 2023)
_PUBLISHED_COLUMNS = 1280
_TABLE = ".csv"
_LARGEST_TABLE = 20_000_000  # bytes
# Columns of a pairs table, and the option that some stand for
_OPTIONS = {
    "poni": "poni",
    "mask": "mask",
    "azimuth": "saxs_azimuth",
    "pixel_nm": "sem_pixel_nm",
}
_FILES = ("poni", "mask")
_COLUMNS = frozenset({"sem", "saxs", "id", "phi", "group", "simulated", *_OPTIONS})
_DATA = "SAXS frame and SEM micrograph of one sample"
_TRUTH = {"": False, "0": False, "false": False, "1": True, "true": True}

Items = Iterator[Sample | Failure]
Read = Callable[[Path, Options], Items]


def read_raw(paths: Sequence[Path], options: Options) -> Items:
    """Yield samples with both modalities from raw files.

    A `.csv` with columns `sem` and `saxs` (and perhaps `id`, `phi`, `pixel_nm`, `poni`, `azimuth`,
    `group`, `mask`, `simulated`) names files beside it, one sample a line. Files in folders `SEM`
    and `SAXS` side by side are pairs in the order of their paths, as published (PairVAE). `group`
    is the specimen, which a split keeps together; `simulated` is true of what nobody measured.
    What cannot be read, or belongs to nothing, is yielded as a failure. Raise `UsageError` for
    options that cannot mean anything.
    """
    used = {real_path(Path(options[name])) for name in _FILES if options.get(name)}
    for path in paths:
        if pairs_header(path):
            used.add(real_path(path))
            yield from _guarded(path, partial(_table, path, options, used))
    rest = [path for path in paths if real_path(path) not in used]
    for root in dict.fromkeys(path.parent.parent for path in rest if _kind(path)):
        held = {
            kind: [p for p in rest if p.parent.parent == root and _kind(p) == kind]
            for kind in ("sem", "saxs")
        }
        used.update(real_path(path) for files in held.values() for path in files)
        yield from _folders(root, held, options)
    for path in paths:
        if real_path(path) not in used:
            why = "no table with columns sem,saxs names it, and it lies in no folder SEM or SAXS"
            yield Failure(path.stem, str(path), f"{path}: {why}")


def _kind(path: Path) -> str | None:
    name = path.parent.name.lower()
    return name if name in ("sem", "saxs") else None


def _guarded(path: Path, read: Callable[[], Items]) -> Items:
    """Yield what is read of a table; what goes wrong with it as a whole becomes a failure."""
    try:
        yield from read()
    except UsageError:
        raise
    except Exception as error:  # one bad table never stops a batch
        yield Failure(path.stem, str(path), describe(error, path))


# The published folders


def _folders(root: Path, held: Mapping[str, list[Path]], options: Options) -> Items:
    micrographs, frames = (sorted(held[kind], key=str) for kind in ("sem", "saxs"))
    if len(micrographs) != len(frames):
        yield Failure(
            root.name,
            str(root),
            f"{root}: {len(micrographs)} files in SEM and {len(frames)} in SAXS given, as many in "
            "both expected; pairs are taken in order, so complete them, or name them in a table",
        )
        return
    for i, (micrograph, frame) in enumerate(zip(micrographs, frames, strict=True)):
        name = f"{root.name}-{micrograph.stem}"
        pair = _Pair(name, str(micrograph), i, micrograph, frame, name, published=True)
        yield pair.read(options)


def _above_bar(sample: Sample, options: Options) -> Sample:
    """Return a micrograph as published, 1280 pixels wide, without the rows below 830."""
    grey = sample.arrays["sem"]["micrograph"]
    automatic = str(options.get("info_bar") or "auto").lower() == "auto"
    if not automatic or grey.shape[1] != _PUBLISHED_COLUMNS or len(grey) <= PUBLISHED_ROWS:
        return sample
    arrays = {**sample.arrays["sem"], "micrograph": grey[:PUBLISHED_ROWS]}
    return replace(sample, arrays={"sem": arrays})


# A table


def pairs_header(path: Path) -> list[str] | None:
    """Return the columns of a table of pairs, in lower case; None if the file is none."""
    if path.suffix.lower() != _TABLE:
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline(100_000)
    except (OSError, UnicodeDecodeError):
        return None
    names = [name.strip().lower() for name in next(csv.reader([line], delimiter=_delimiter(line)))]
    return names if {"sem", "saxs"} <= set(names) else None


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _table(path: Path, options: Options, used: set[Path]) -> Items:
    if path.stat().st_size > _LARGEST_TABLE:
        raise InputError(f"over {_LARGEST_TABLE // 10**6} MB of table given; split it")
    text = path.read_text(encoding="utf-8-sig")
    rows = csv.reader(StringIO(text), delimiter=_delimiter(text.partition("\n")[0]))
    header = [name.strip().lower() for name in next(rows)]
    unknown = sorted({name for name in header if name} - _COLUMNS)
    notice = (f"columns {', '.join(unknown)} left out: not known",) if unknown else ()
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        files = [path.parent / row.get(kind, "") for kind in ("sem", "saxs")]
        used.update(real_path(file) for file in files if file != path.parent)
        name = row.get("id") or f"{path.stem}-{rows.line_num}"
        pair = _Pair(name, str(path), rows.line_num, files[0], files[1], row.get("group") or name)
        given: dict[str, Any] = {}
        try:
            _check_cells(header, cells, row)
            given = _row_options(path, row)
            used.update(real_path(given[name]) for name in _FILES if name in given)
            item = replace(pair, known=_known(row)).read({**options, **given})
        except (InputError, UsageError) as error:
            if isinstance(error, UsageError) and not given:
                raise  # not the line's own
            item = pair.failed(InputError(f"{path}, line {rows.line_num}: {error}"))
        if isinstance(item, Sample):
            item = replace(item, notices=(*item.notices, *notice))
        yield item


def _check_cells(header: Sequence[str], cells: Sequence[str], row: Mapping[str, str]) -> None:
    if len(cells) != len(header):
        raise InputError(f"{len(cells)} cells given, {len(header)} as in the header expected")
    missing = [kind for kind in ("sem", "saxs") if not row[kind]]
    if missing:
        raise InputError(f"no file under {' and '.join(missing)}; name it, or leave the line out")


def _row_options(path: Path, row: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that a line's cells stand for."""
    options: dict[str, Any] = {}
    for column, option in _OPTIONS.items():
        if not (cell := row.get(column)):
            continue
        if column in _FILES:
            options[option] = path.parent / cell
            continue
        try:
            options[option] = float(cell)
        except ValueError as error:
            raise InputError(f"{column} {cell!r} given, a number expected") from error
    return options


def _known(row: Mapping[str, str]) -> dict[str, Any]:
    """Return what a line says of its sample: whether it is simulated, and phi."""
    cell = row.get("simulated", "").lower()
    if cell not in _TRUTH:
        raise InputError(f"simulated {cell!r} given, true or false expected")
    said = {"simulated": _TRUTH[cell]}
    return {**said, "phi": _phi(row["phi"])} if row.get("phi") else said


def _phi(cell: str) -> float:
    try:
        phi = float(cell)
    except ValueError:
        phi = -1.0
    if not 0 < phi < 1:
        raise InputError(f"phi {cell!r} given, an area fraction between 0 and 1 expected")
    return phi


# One pair


@dataclass(frozen=True)
class _Pair:
    """The files of one sample, and what is known of it."""

    name: str
    source: str
    ordinal: int
    micrograph: Path
    frame: Path
    group: str
    known: Mapping[str, Any] = field(default_factory=dict)
    published: bool = False

    def read(self, options: Options) -> Sample | Failure:
        """Return the sample, or why it cannot be read; raise `UsageError` for wrong options."""
        try:
            sem = _only(read_micrographs, self.micrograph, options)
            saxs = _only(read_frames, self.frame, options)
        except InputError as error:
            return self.failed(error)
        if self.published:
            sem = _above_bar(sem, options)
        known = {"simulated": False, **self.known}
        origin = "simulated" if known["simulated"] else "measured"
        return Sample(
            self.name,
            {"saxs": saxs.arrays["saxs"], "sem": sem.arrays["sem"]},
            self.source,
            self.ordinal,
            {**saxs.metadata, **sem.metadata, **known, "data": f"{origin} {_DATA}"},
            {"sample": self.group},
            notices=(*sem.notices, *saxs.notices),
        )

    def failed(self, error: Exception) -> Failure:
        """Return the failure that an error means."""
        return Failure(self.name, self.source, describe(error, self.source), self.ordinal)


def _only(read: Read, file: Path, options: Options) -> Sample:
    """Return the one sample of a file; raise `InputError` if it holds another number."""
    found = list(islice(read(file, options), 2))
    if found and isinstance(found[0], Failure):
        raise InputError(found[0].error)
    if len(found) != 1 or not isinstance(found[0], Sample):
        raise InputError(f"{file}: several frames given, one expected; split it")
    return found[0]
