"""Section `reconstruct` of `imatgen.py`: crystals through the latent and back, on new rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from imatgen_baselines import ideal_perovskites, nearest_formulas
from imatgen_data import SETS, crystal, digest, pack, save, unpack
from imatgen_methods import OURS, PUBLISHED, Bench, Method
from imatgen_models import Coder, Unchanged
from imatgen_published import published_crystal
from imatgen_scores import bootstrap, position_errors, scores
from numpy.typing import NDArray

from xmodkit.modality import Arrays
from xmodkit.pair import Sample
from xmodkit_crystal.decode import atom_width, crystals_of
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import CUT

__all__ = ["Rebuilt", "by_method", "crystals_of", "rebuilt", "reconstruct", "training_rows"]

_BASELINE = {
    "perov_5": ("ideal ABX3, mean edge", ideal_perovskites),
    "omnixas_cu": ("nearest formula, mean volume", nearest_formulas),
}
PERFECT, _THEIRS = "no network", "published inverse"
_COLUMNS = {
    "match": ("match, stol 0.5", "{:.3f}"),
    "tight": ("stol 0.2", "{:.3f}"),
    "rms": ("rms of matched", "{:.4f}"),
    "length": ("edges, %", "{:.2%}"),
    "angle": ("angles, deg", "{:.2f}"),
    "species": ("species", "{:.3f}"),
    "count": ("atom count", "{:.3f}"),
    "none": ("none", "{:.3f}"),
}
_LEGEND = """
match rate and mean normalised rms by pymatgen's StructureMatcher (ltol 0.3, angle_tol 10), edges
and angles of the reduced cell; means over rows that have a value (median of edges in brackets).
Aims: rms 0.016, edges 1 %. CDVAE and FTCP report 0.975 and 0.993 on perov_5 (other rows, elements
not given): for orientation only. Both sets are calculated (DFT) crystals, not measured ones.
`no network`: images as they went in, so that all error is the inverse's. Positions: of atoms
within their species' images, before any cell; missed and made up per atom. Where a species' image
is a haze of more than 100 maxima, our inverse refuses it: nothing came back.
"""


@dataclass(frozen=True)
class Rebuilt:
    """What came back of a set's test rows by one method: crystals, scores, positions."""

    crystals: list[Crystal | None]
    scores: Mapping[str, NDArray]
    positions: Mapping[str, NDArray]  # errors in A of atoms found; `lost` (n, 2); empty: none


def reconstruct(bench: Bench) -> str:
    """Train what is not trained, rebuild test rows of both sets, and return the tables."""
    parts = {name: bench.sets.parts(name) for name in SETS}
    known = training_rows(bench, {name: rows for name, (rows, _) in parts.items()})
    methods = [*bench.trained(known), *bench.finished_on_these()]
    told = [f"- {method.name}: {method.trained}" for method in methods]
    tables = []
    for name, (rows, held) in parts.items():
        held = held[: bench.test]
        found = by_method(bench, name, methods, held)
        label, baseline = _BASELINE[name]
        truths = [crystal(sample) for sample in held]
        guessed = baseline([crystal(s) for s in rows], truths)
        found[label] = Rebuilt(guessed, scores(truths, guessed), {})
        said = f"{name}: {len(held)} rows of formulas never trained on, {bench.sets.told}"
        tables.append(_table(said, held, found))
    return "\n\n".join([_LEGEND.strip(), "\n".join(told), *tables])


def training_rows(bench: Bench, known: Mapping[str, Sequence[Sample]]) -> list[Sample]:
    """Return `n` training rows of all sets: as many of each, as far as they go."""
    chosen: list[Sample] = []
    for left, rows in zip(range(len(known), 0, -1), sorted(known.values(), key=len), strict=True):
        chosen += rows[: (bench.n - len(chosen)) // left]
    return chosen


def by_method(
    bench: Bench, name: str, methods: Sequence[Method], held: Sequence[Sample]
) -> dict[str, Rebuilt]:
    """Return what methods make of rows, the published one's by its own inverse too."""
    found: dict[str, Rebuilt] = {}
    for method in (Method(PERFECT, "images", "", Unchanged), *methods):
        inverses = {method.name: crystals_of}
        if method.name in (PERFECT, PUBLISHED):
            theirs, ours = f"{method.name}, {_THEIRS}", f"{method.name}, our inverse"
            inverses = {theirs: _their_inverse, ours: crystals_of}
        found |= rebuilt(bench, method, name, held, inverses)
    return found


Inverse = Callable[[Arrays, float], list[Crystal | None]]


def rebuilt(
    bench: Bench, method: Method, name: str, held: Sequence[Sample],
    inverses: Mapping[str, Inverse],
) -> dict[str, Rebuilt]:  # fmt: skip
    """Return what a method makes of rows of a set, by the names of inverses; kept in files."""
    where = bench.work / "rebuilt" / f"{method.identity}-{name}-{digest(held)}"
    paths = {label: where.with_name(f"{where.name}-{i}.npz") for i, label in enumerate(inverses)}
    truths = [crystal(sample) for sample in held]
    if not all(path.exists() for path in paths.values()):
        crystals, positions = _through(method.coder(), truths, inverses)
        for label, path in paths.items():
            found = {f"score {k}": v for k, v in scores(truths, crystals[label]).items()}
            save(path, {**pack(crystals[label]), **found, **positions})
        print(f"{method.name}: {len(held)} rows of {name} rebuilt", flush=True)
    return {label: _read(path) for label, path in paths.items()}


def _through(
    coder: Coder, truths: Sequence[Crystal], inverses: Mapping[str, Inverse]
) -> tuple[dict[str, list[Crystal | None]], dict[str, NDArray]]:
    sigma = atom_width(coder.whole or coder.decoder)
    crystals: dict[str, list[Crystal | None]] = {label: [] for label in inverses}
    errors, owners, lost, start = [], [], [], 0
    for images in coder.rebuilt(truths):
        rows = len(images["species"])
        for label, inverse in inverses.items():
            crystals[label] += inverse(images, sigma)
        error, owner, counts = position_errors(truths[start : start + rows], images, sigma)
        errors.append(error)
        owners.append(owner + start)
        lost.append(counts)
        start += rows
    told = {"position": errors, "position row": owners, "lost": lost}
    return crystals, {name: np.concatenate(values) for name, values in told.items()}


def _their_inverse(images: Arrays, sigma: float) -> list[Crystal | None]:
    """Return crystals by the published inverse: what lies below 0.02 is 0 first, as in images."""
    cut = {k: np.where(v < CUT, 0, v) if v.ndim > 2 else v for k, v in images.items()}
    rows = range(len(cut["species"]))
    return [published_crystal({name: array[row] for name, array in cut.items()}) for row in rows]


def _read(path: Any) -> Rebuilt:
    with np.load(path) as file:
        held = dict(file)
    found = {k.removeprefix("score "): v for k, v in held.items() if k.startswith("score ")}
    places = {name: held[name] for name in ("position", "position row", "lost")}
    return Rebuilt(unpack(held), found, places)


def _table(said: str, held: Sequence[Sample], found: Mapping[str, Rebuilt]) -> str:
    titles = [title for title, _ in _COLUMNS.values()]
    lines = [f"| {said} | {' | '.join(titles)} |", "| --- |" + " ---: |" * len(titles)]
    for label, one in found.items():
        cells = [pattern.format(_mean(one.scores[k])) for k, (_, pattern) in _COLUMNS.items()]
        cells[3] += f" ({_median(one.scores['length']):.2%})"
        lines.append(f"| {label} | {' | '.join(cells)} |")
    atoms = sum(len(crystal(sample)) for sample in held)
    lines += ["", "| positions | mean, A | 95 % below, A | missed | made up |",
              "| --- |" + " ---: |" * 4]  # fmt: skip
    for label, one in found.items():
        if one.positions and not label.endswith(_THEIRS):
            lines.append(f"| {label} | {_positions(one.positions, atoms)} |")
    return "\n".join(lines) + (_differences(held, found) if OURS in found else "")


def _differences(held: Sequence[Sample], found: Mapping[str, Rebuilt]) -> str:
    """Return how far the published model's scores are from ours, on the same rows."""
    lines = ["\n", f"| {PUBLISHED} less {OURS} | mean difference (95 %, paired, by formula) |",
             "| --- | ---: |"]  # fmt: skip
    units = [sample.metadata["formula"] for sample in held]
    for label in (name for name in found if name.startswith(PUBLISHED)):
        for key in ("match", "tight", "rms", "length", "angle"):
            apart = bootstrap(found[label].scores[key], found[OURS].scores[key], units)
            lines.append(f"| {label}: {key} | {apart or 'no row has both'} |")
    return "\n".join(lines)


def _positions(found: Mapping[str, NDArray], atoms: int) -> str:
    errors, lost = found["position"], found["lost"].sum(axis=0) / atoms
    if not len(errors):
        return f"- | - | {lost[0]:.3f} | {lost[1]:.3f}"
    high = np.percentile(errors, 95)
    return f"{errors.mean():.4f} | {high:.4f} | {lost[0]:.3f} | {lost[1]:.3f}"


def _mean(values: NDArray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _median(values: NDArray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")
