"""Section `pretrain` of `imatgen.py`: learning from other crystals before those of V and O.

The paper learns from Materials Project first, and then from V-O; here perov_5 and OmniXAS stand
for it. Structure types that are scored were never trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from imatgen_data import SETS, crystal
from imatgen_methods import Bench, of_training
from imatgen_reconstruct import Rebuilt, crystals_of, rebuilt, training_rows
from imatgen_scores import bootstrap
from imatgen_training import Training
from numpy.typing import NDArray

from xmodkit.pair import Sample

__all__ = ["pretrain"]

_HELD = 0.25  # of the structure types
_EPOCHS = 2  # of our image network for each of the published one's
_LESS = 5  # a short training has a fifth of the epochs
_LEGEND = """
Our image network, atoms' positions in the images of crystals whose structure type was not trained
on: simulated V-O, not measured. `first`: perov_5 and OmniXAS (DFT) before V-O, which then gets
the same epochs as without. Where a share of atoms is missed, errors are of those found.
Differences: mean error of a crystal, paired, 95 %, over structure types.
"""


def pretrain(bench: Bench) -> str:
    """Train with and without other crystals first; return the table."""
    known, held = _by_type(bench.sets.oxides(), bench.seed)
    known, held = known[: bench.n], held[: bench.test]
    others = training_rows(bench, {name: bench.sets.parts(name)[0] for name in SETS})
    epochs = _EPOCHS * bench.epochs
    alone = Training("lattice", known, bench.work, bench.seed, epochs=epochs, stages=("images",))
    first = replace(alone, samples=others)
    short = replace(alone, epochs=max(1, epochs // _LESS))
    trainings = {
        "others alone": first,
        f"V-O, {short.epochs} epochs": short,
        f"others first, then V-O, {short.epochs}": replace(short, start=first),
        f"V-O, {epochs} epochs": alone,
        f"others first, then V-O, {epochs}": replace(alone, start=first),
    }
    found = {}
    for name, training in trainings.items():
        training.trained()
        method = of_training(name, training)
        found |= rebuilt(bench, method, "oxides", held, {name: crystals_of})
    said = (
        f"{len(known)} V-O crystals of {_types(known)} types and {len(others)} others ({epochs} "
        f"epochs), {len(held)} test crystals of {_types(held)} types, seed {bench.seed}"
    )
    return "\n\n".join([_LEGEND.strip(), said, _table(held, found)])


def _by_type(samples: Sequence[Sample], seed: int) -> tuple[list[Sample], list[Sample]]:
    """Return samples of most structure types and, in a random order, those of the others."""
    names = sorted({sample.groups["prototype"] for sample in samples})
    rng = np.random.default_rng(seed)
    out = set(rng.permutation(names)[: max(1, round(_HELD * len(names)))].tolist())
    rows = [samples[i] for i in rng.permutation(len(samples))]
    known = [sample for sample in rows if sample.groups["prototype"] not in out]
    return known, [sample for sample in rows if sample.groups["prototype"] in out]


def _types(samples: Sequence[Sample]) -> int:
    return len({sample.groups["prototype"] for sample in samples})


def _table(held: Sequence[Sample], found: Mapping[str, Rebuilt]) -> str:
    atoms = sum(len(crystal(sample)) for sample in held)
    units = [sample.groups["prototype"] for sample in held]
    lines = [
        "| | position, A | 95 % below, A | missed | made up | match, stol 0.5 | rms | "
        "position less without others |",
        "| --- |" + " ---: |" * 7,
    ]
    without: NDArray | None = None
    for name, one in found.items():
        errors, lost = one.positions["position"], one.positions["lost"].sum(axis=0) / atoms
        high = np.percentile(errors, 95) if len(errors) else np.nan
        mean = errors.mean() if len(errors) else np.nan
        own = _by_crystal(one, len(held))
        paired = name.startswith("others first") and without is not None
        apart = bootstrap(own, without, units) if paired else ""
        without = own
        lines.append(
            f"| {name} | {mean:.4f} | {high:.4f} | {lost[0]:.3f} | {lost[1]:.3f} "
            f"| {one.scores['match'].mean():.3f} | {_mean(one.scores['rms']):.4f} | {apart} |"
        )
    return "\n".join(lines)


def _by_crystal(one: Rebuilt, n: int) -> NDArray[np.float64]:
    """Return the mean error of each crystal's atoms, NaN where none is found."""
    row, error = one.positions["position row"], one.positions["position"]
    counts = np.bincount(row, minlength=n).astype(float)
    counts[counts == 0] = np.nan
    return np.bincount(row, error, n) / counts


def _mean(values: NDArray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
