"""Section `stability` of `imatgen.py`: energies of formation and who is stable, on perov_5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from imatgen_data import SETS, crystal, digest, save
from imatgen_methods import Bench, Method
from imatgen_models import PAIR
from imatgen_reconstruct import training_rows
from imatgen_scores import bootstrap
from imatgen_training import STABLE_BELOW
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import average_precision_score

from xmodkit.pair import Sample
from xmodkit.structures.elements import covalent_radii
from xmodkit_crystal.chemistry.distances import separations
from xmodkit_crystal.modalities import SLOTS
from xmodkit_crystal.report import crystal_baselines

__all__ = ["Judged", "energies", "stability"]

THRESHOLDS = (STABLE_BELOW, 0.2, 0.0)  # eV/atom
_ENERGY, _STABLE = "formation_energy", "stability"
_TOP = 0.01
_TREES = 300
_LEGEND = f"""
perov_5: energies of formation by DFT (heat_all), eV/atom; rows of formulas never trained on.
Ranked by predicted energy, or by the probability of lying below {STABLE_BELOW:g} eV/atom where a
model tells no energy. AP: average precision, its floor is the prevalence; R1: recall in the top
1 % of rows, in brackets the most that any ranking could reach. Differences: absolute errors, paired
over rows, 95 %.
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What is predicted for rows: `score`, the higher the more stable; energies with bounds.

    NaN where nothing is said; a row without a score ranks last.
    """

    score: Floats
    energy: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None


def stability(bench: Bench) -> str:
    """Return the tables, with what is not trained yet trained."""
    parts = {name: bench.sets.parts(name) for name in SETS}
    known = training_rows(bench, {name: rows for name, (rows, _) in parts.items()})
    rows, held = parts["perov_5"][0], parts["perov_5"][1][: bench.ranked]
    truth = energies(held)
    found = baselines(rows, held)
    peers = list(found)
    methods = [*bench.finished_on_these(), *bench.trained(known)]
    for method in methods:
        found[method.name] = judged(bench, method, held)
    said = (
        f"{len(held)} test rows, baselines fitted on {len(rows)} rows, split by formula, "
        f"{bench.sets.told}\n\n" + "\n".join(f"- {m.name}: {m.trained}" for m in methods)
    )
    ranks = _ranks(truth, found)
    return "\n\n".join([_LEGEND.strip(), said, ranks, _errors(held, truth, found, peers)])


def energies(samples: Sequence[Sample]) -> Floats:
    """Return known energies of formation (n,) in eV/atom, NaN where there is none."""
    return np.array([sample.metadata.get(_ENERGY, np.nan) for sample in samples], float)


def judged(bench: Bench, method: Method, held: Sequence[Sample]) -> Judged:
    """Return what a model says of rows; kept in a file."""
    path = bench.work / "energies" / f"{method.identity}-{digest(held)}.npz"
    if not path.exists():
        columns: dict[str, list[NDArray]] = {}
        for told in method.coder().told([crystal(sample) for sample in held]):
            for name in (_STABLE, _ENERGY):
                if name in told.fields:
                    value = told.fields[name]
                    for end in ("value", "lower", "upper"):
                        if (array := getattr(value, end)) is not None:
                            columns.setdefault(f"{name} {end}", []).append(array)
        save(path, {name: np.concatenate(parts) for name, parts in columns.items()})
        print(f"{method.name}: energies of {len(held)} rows", flush=True)
    with np.load(path) as file:
        told = {name: np.asarray(file[name], float) for name in file.files}
    energy = told.get(f"{_ENERGY} value")
    if energy is None or np.isnan(energy).all():
        return Judged(told[f"{_STABLE} value"])
    return Judged(-energy, energy, told.get(f"{_ENERGY} lower"), told.get(f"{_ENERGY} upper"))


def baselines(known: Sequence[Sample], held: Sequence[Sample]) -> dict[str, Judged]:
    """Return what needs no network, fitted on training rows."""
    energy = energies(known)
    found = {"training mean": np.full(len(held), energy.mean())}
    composed = crystal_baselines(PAIR.route("latent:stability"), known, held)
    found |= {name: np.asarray(told[_ENERGY], float) for name, told in composed.items()}
    forest = RandomForestRegressor(_TREES, max_features=0.4, random_state=0)
    forest.fit(_described(known), energy)
    found["random forest on elements and distances"] = forest.predict(_described(held))
    return {name: Judged(-values, values) for name, values in found.items()}


def _described(samples: Sequence[Sample]) -> Floats:
    """Return properties of the elements in each slot, and how far away their neighbours are.

    By atomic number: share of atoms, number, period, group, covalent radius, electronegativity,
    mean distance to the nearest atom over the sum of radii; then the volume per atom.
    """
    return np.array([_features(sample) for sample in samples])


def _features(sample: Sample) -> list[float]:
    one = crystal(sample)
    radii = covalent_radii()[one.numbers]
    near = (separations(one) / (radii[:, None] + radii)).min(axis=1)
    slots = []
    for number in one.species:
        mine = one.numbers == number
        slots.append([float(mine.mean()), *_properties(number), float(near[mine].mean())])
    empty = [0.0] * len(slots[0])
    slots += [empty] * (SLOTS - len(slots))
    return [*np.ravel(slots), one.volume / len(one)]


def _properties(number: int) -> tuple[float, ...]:
    from pymatgen.core.periodic_table import Element

    element = Element.from_Z(number)
    told = 0.0 if element.is_noble_gas else float(element.X)
    radius = float(covalent_radii()[number])
    return (float(number), float(element.row), float(element.group), radius, told)


def _ranks(truth: Floats, found: Mapping[str, Judged]) -> str:
    titles, floors = [], []
    for below in THRESHOLDS:
        sign, stable = _stable(truth, below)
        most = min(1.0, _top(truth) / max(1, stable.sum()))
        titles += [f"AP, {sign} {below:g} ({stable.sum()} rows)", f"R1 ({most:.3f})"]
        floors += [f"{stable.mean():.3f}", f"{min(_TOP, most):.3f}"]
    lines = [f"| | {' | '.join(titles)} |", "| --- |" + " ---: |" * len(titles),
             f"| prevalence, at random | {' | '.join(floors)} |"]  # fmt: skip
    for name, one in found.items():
        if name != "training mean":  # ranks nothing
            cells = [_rank(truth, one, below) for below in THRESHOLDS]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _stable(truth: Floats, below: float) -> tuple[str, NDArray[np.bool_]]:
    """Return which rows are stable: below 1.0 as is trained for, else up to the threshold."""
    return ("<", truth < below) if below == STABLE_BELOW else ("<=", truth <= below)


def _top(truth: Floats) -> int:
    return max(1, round(_TOP * len(truth)))


def _rank(truth: Floats, one: Judged, below: float) -> str:
    _, stable = _stable(truth, below)
    if not stable.any() or np.isnan(one.score).all():
        return "- | -"
    score = np.nan_to_num(one.score, nan=-np.inf)
    score = np.where(np.isinf(score), score[np.isfinite(score)].min(initial=0.0) - 1, score)
    first = np.argsort(-score, kind="stable")[: _top(truth)]
    recall = stable[first].sum() / stable.sum()
    return f"{average_precision_score(stable, score):.3f} | {recall:.3f}"


def _errors(
    held: Sequence[Sample], truth: Floats, found: Mapping[str, Judged], peers: Sequence[str]
) -> str:
    """Return errors of energies; differences are to the best of `peers`."""
    regressing = {name: one for name, one in found.items() if one.energy is not None}
    reference = min(peers, key=lambda name: _mae(truth, regressing[name]))
    lines = [
        f"| | said | MAE, eV/atom | R2 | coverage of bounds | mean width | MAE less {reference} |",
        "| --- |" + " ---: |" * 6,
    ]
    units = [sample.metadata["formula"] for sample in held]
    for name, one in regressing.items():
        energy: Any = one.energy
        said = ~np.isnan(energy)
        apart = energy[said] - truth[said]
        r2 = 1 - (apart**2).sum() / ((truth[said] - truth[said].mean()) ** 2).sum()
        wrong, theirs = np.abs(energy - truth), np.abs(regressing[reference].energy - truth)
        difference = "" if name == reference else bootstrap(wrong, theirs, units)
        lines.append(
            f"| {name} | {said.mean():.3f} | {_mae(truth, one):.4f} | {r2:.4f} "
            f"| {_coverage(truth, one)} | {difference} |"
        )
    return "\n".join(lines)


def _mae(truth: Floats, one: Judged) -> float:
    return float(np.nanmean(np.abs(np.asarray(one.energy) - truth)))


def _coverage(truth: Floats, one: Judged) -> str:
    if one.lower is None or one.upper is None or not np.isfinite(one.upper - one.lower).any():
        return "- | -"
    bounded = np.isfinite(one.lower) & np.isfinite(one.upper)
    inside = (truth >= one.lower) & (truth <= one.upper)
    width = (one.upper - one.lower)[bounded].mean()
    return f"{inside[bounded].mean():.3f} of {bounded.mean():.3f} | {width:.3f}"
