"""Section `generate` of `imatgen.py`: new crystals of V and O, counted, and known ones found again.

Latents at random and on arcs between training crystals, beside what needs no network: simulated
types of another seed, and atoms placed at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from imatgen_baselines import randomly_placed
from imatgen_data import VO, crystal, fits_published, pack, save, unpack
from imatgen_methods import Bench, Method
from imatgen_models import Coder
from numpy.typing import NDArray

from xmodkit.structures.elements import atomic_number
from xmodkit_crystal.chemistry.cleaning import clean
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.matching import PUBLISHED, Known, Tolerances, unique
from xmodkit_crystal.chemistry.validity import judge
from xmodkit_crystal.generate.candidates import candidates_of
from xmodkit_crystal.generate.space import LatentSpace
from xmodkit_crystal.interpolate import slerp
from xmodkit_crystal.simulator.known import known_crystals
from xmodkit_crystal.structure import Crystal

__all__ = ["Drawn", "every_drawn", "generate", "models"]

SAME = Tolerances(stol=0.3, ltol=0.2, angle_tol=5.0)  # as `xmod generate` counts duplicates
_SHARES = np.arange(1, 20) / 20  # along an arc, as published
_OTHER_SEED = 10_000
_BATCH = 16
_SHOWN = 8  # formulas
_CORUNDUM = {"V2O3(M)": "V2O3"}  # a distortion of corundum: the two count as one
_COUNTS = ("drawn", "empty", "deformed", "duplicates", "valid", "novel", "compared")
_LEGEND = """
Simulated crystals of V and O (structure types by substitution); no energies are known, so nothing
is said of stability. Cleaned and judged by the published rules, duplicates by StructureMatcher
(stol 0.3, ltol 0.2, angle_tol 5). `valid`: different ones without objection; `novel`: those of
them that match no training crystal, of so many `compared`. Found again: known phases that training
crystals do not match (stol 0.5), and how many valid crystals match them at stol 0.5 (in brackets:
at 0.3).
"""
_THEIRS = """
Published (Fig. S11, valid ones, duplicates not said to be left out), on arcs, of about 20,000
draws: VO2 2484, V2O3 782, VO 714; at random, of 10,000: VO 856, VO2 279.
"""


@dataclass(frozen=True)
class Drawn:
    """What came of some draws: counts, and the different valid crystals.

    `rms` is how far some of these are from the nearest training crystal, NaN where none matches.
    """

    counts: Mapping[str, int]
    crystals: list[Crystal]
    rms: NDArray[np.float64]


def generate(bench: Bench) -> str:
    """Return the tables; models are trained on simulated crystals besides finished ones."""
    known = [crystal(sample) for sample in bench.sets.oxides()]
    methods = models(bench)
    found = every_drawn(bench, methods, known)
    told = "\n".join(f"- {method.name}: {method.trained}" for method in methods)
    said = f"{len(known)} simulated training crystals, {bench.n} draws each, seed {bench.seed}"
    tables = [_counted(found), _formulas(found), _THEIRS.strip(), _found_again(known, found)]
    return "\n\n".join([_LEGEND.strip(), said, told, *tables])


def models(bench: Bench) -> list[Method]:
    """Return finished models and, trained here on simulated crystals, published and ours."""
    known = [sample for sample in bench.sets.oxides() if fits_published(sample)]
    return [*bench.finished(), *bench.trained(known[: bench.n])]


def every_drawn(
    bench: Bench, methods: Sequence[Method], known: Sequence[Crystal]
) -> dict[str, Drawn]:
    """Return what models and baselines draw, by name; kept in files."""
    made: dict[str, tuple[str, Callable[[], _Left]]] = {}
    for method in methods:
        for how, latents in (("at random", _random), ("on arcs", _arcs)):
            draw = partial(_decoded, method, latents, bench, known)
            made[f"{method.name}, {how}"] = f"{method.identity}-{how.replace(' ', '-')}", draw
    made["simulated, another seed"] = "simulated", partial(_simulated, bench)
    made["atoms at random"] = "placed", lambda: _left(randomly_placed(known, bench.n, bench.seed))
    nearest = Known(known, SAME)
    found = {}
    for name, (file, draw) in made.items():
        asked = f"{bench.n}-{bench.compared}-{bench.seed}-vo{bench.sets.vo_seed}-{len(known)}"
        path = bench.work / "generated" / f"{file}-{asked}.npz"
        found[name] = _kept(path, draw, nearest, bench.compared)
        print(f"{name}: {found[name].counts}", flush=True)
    return found


_Left = tuple[list[Crystal], dict[str, int]]


def _decoded(method: Method, latents: Callable, bench: Bench, known: Sequence[Crystal]) -> _Left:
    coder = method.coder()
    space = LatentSpace.of(coder.decoder)
    elements = tuple(sorted(map(atomic_number, VO)))
    z = latents(coder, space, bench, known)
    left, counts = candidates_of(coder.decoder, space.vectors(z, elements), _BATCH)
    return [one.crystal for one in left if one.valid], counts


def _random(
    _: Coder, space: LatentSpace, bench: Bench, known: Sequence[Crystal]
) -> NDArray[np.float64]:
    return space.random(bench.n, bench.seed, len(VO))


def _arcs(
    coder: Coder, space: LatentSpace, bench: Bench, known: Sequence[Crystal]
) -> NDArray[np.float64]:
    """Return z (n, k) on arcs between random pairs of training crystals, 19 to an arc."""
    arcs = -(-bench.n // len(_SHARES))
    rng = np.random.default_rng(bench.seed)
    ends = rng.integers(len(known), size=(arcs, 2))
    z = space.without_elements(coder.latents([known[i] for i in ends.ravel()]))
    found = [slerp(start, end, _SHARES) for start, end in zip(z[::2], z[1::2], strict=True)]
    return np.concatenate(found)[: bench.n]


def _simulated(bench: Bench) -> _Left:
    made = bench.sets.simulated(bench.n, _OTHER_SEED + bench.seed, without_known=False)
    return _left([crystal(sample) for sample in made])


def _left(drawn: Sequence[Crystal | None]) -> _Left:
    """Return the valid ones and counts of crystals, as `candidates_of` does of latents."""
    counts = {"drawn": len(drawn), "empty": 0, "deformed": 0}
    found = []
    for one in drawn:
        cleaned = None if one is None else clean(one)
        if cleaned is None or not len(cleaned):
            counts["empty"] += 1
            continue
        validity = judge(cleaned)
        if np.isnan(validity.oxidation_sum):
            counts["deformed"] += 1
        else:
            found.append((not validity.valid, cleaned))
    found.sort(key=lambda item: item[0])
    kept = unique([one for _, one in found], SAME)
    counts["duplicates"] = len(found) - len(kept)
    valid = [found[i][1] for i in kept if not found[i][0]]
    counts["valid"] = len(valid)
    return valid, counts


def _kept(path: Path, draw: Callable[[], _Left], nearest: Known, most: int) -> Drawn:
    if not path.exists():
        crystals, counts = draw()
        compared = crystals[:: max(1, -(-len(crystals) // most))]
        near = [nearest.nearest(one) for one in compared]
        rms = np.array([np.nan if one is None else one.rms for one in near], float)
        counts |= {"novel": int(np.isnan(rms).sum()), "compared": len(compared)}
        told = np.array([counts[name] for name in _COUNTS])
        save(path, {**pack(crystals), "rms": rms, "counts": told})
    with np.load(path) as file:
        held = dict(file)
    counts = dict(zip(_COUNTS, held["counts"].tolist(), strict=True))
    return Drawn(counts, [one for one in unpack(held) if one is not None], held["rms"])


def _counted(found: Mapping[str, Drawn]) -> str:
    lines = [f"| | {' | '.join(_COUNTS)} |", "| --- |" + " ---: |" * len(_COUNTS)]
    for name, drawn in found.items():
        lines.append(f"| {name} | {' | '.join(str(drawn.counts[k]) for k in _COUNTS)} |")
    return "\n".join(lines)


def _formulas(found: Mapping[str, Drawn]) -> str:
    lines = ["| different valid ones | by formula |", "| --- | --- |"]
    for name, drawn in found.items():
        counts = Counter(reduced_formula(one.numbers) for one in drawn.crystals)
        told = ", ".join(f"{formula} {count}" for formula, count in counts.most_common(_SHOWN))
        lines.append(f"| {name} | {told or 'none'}; {len(counts)} in all |")
    return "\n".join(lines)


def _found_again(known: Sequence[Crystal], found: Mapping[str, Drawn]) -> str:
    trained = Known(known, PUBLISHED)
    phases: dict[str, list[Crystal]] = {}
    for name, phase in known_crystals().items():
        phases.setdefault(_CORUNDUM.get(name, name), []).append(phase)
    left_out = {
        name: same
        for name, same in phases.items()
        if all(trained.nearest(phase) is None for phase in same)
    }
    lines = [
        f"| found again of {len(left_out)} | {' | '.join(left_out)} | phases |",
        "| --- |" + " ---: |" * (len(left_out) + 1),
    ]
    for name, drawn in found.items():
        cells = [[_matches(drawn.crystals, same, t) for t in (PUBLISHED, SAME)]
                 for same in left_out.values()]  # fmt: skip
        total = " | ".join(f"{wide} ({tight})" for wide, tight in cells)
        hits = [sum(count > 0 for count in column) for column in zip(*cells, strict=True)]
        lines.append(f"| {name} | {total} | {hits[0]} ({hits[1]}) |" if cells else f"| {name} | |")
    note = "The simulated types of another seed hold known phases: they are no discoveries."
    return "\n".join([*lines, "", note])


def _matches(crystals: Sequence[Crystal], phase: Sequence[Crystal], within: Tolerances) -> int:
    """Return how many crystals match any of the descriptions of a phase."""
    known = Known(phase, within)
    return sum(known.nearest(one) is not None for one in crystals)
