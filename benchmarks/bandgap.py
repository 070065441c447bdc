"""Band gap finders side by side: edges whose gap is known, and the frozen simulator's spectra.

    python benchmarks/bandgap.py                            # known edges, about a minute
    python benchmarks/bandgap.py --store train.zarr -n 2000 # and spectra of a simulated store

Edges lie at random from 1.45 to 2.90 eV, alpha*t at 3.1 eV from 0.1 to 2 (log-uniform), on the
published grid of 220 energies; one seed for all. Gaps beyond 1.40-2.95 eV count as its ends.
Errors are found minus true, in meV.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from xmodkit import plugins
from xmodkit.pair import Route
from xmodkit.reading import samples_in_store
from xmodkit_uvvis.bandgap import Kind, band_gap
from xmodkit_uvvis.bandgap.published import Reading, published_gaps
from xmodkit_uvvis.modalities import ENERGY_EV, GAP_WINDOW_EV

SEED = 20261121
URBACH_EV = 0.05
KINDS: tuple[Kind, ...] = ("direct", "indirect")
HC_EV_UM = 1.23984
Floats = NDArray[np.float64]
Finder = Callable[[Floats, Kind], Floats]

CASES: dict[str, tuple[str, ...]] = {
    "no disturbance": (),
    "noise, 2 % of the maximum": ("noise",),
    "fringes, 5 % of the maximum": ("fringes",),
    "fringes of a coherent film": ("film",),
    "Urbach tail, 50 meV": ("urbach",),
    "sub-gap baseline, to 20 %": ("baseline",),
    "noise + fringes + Urbach": ("urbach", "fringes", "noise"),
    "all together": ("urbach", "baseline", "fringes", "noise"),
}


def edges(gaps: Floats, kind: Kind, heights: Floats, urbach: float = 0.0) -> Floats:
    """Return alpha*t of allowed transitions, (E - gap)^p / E, with a tail joined smoothly."""
    power = 0.5 if kind == "direct" else 2.0
    join = max(power * urbach, 1e-9)
    above = ENERGY_EV - gaps[:, None]
    tail = np.exp(np.minimum(above - join, 0) / max(urbach, 1e-4))
    alpha = np.maximum(above, join) ** power * tail / ENERGY_EV
    return np.asarray(alpha / alpha[:, -1:] * heights)


def through_film(alpha_t: Floats, thickness_um: Floats, index: float = 2.2) -> Floats:
    """Return -ln(T / (1 - R)) of a coherent film between air and glass, normal incidence (Airy)."""
    k = alpha_t * HC_EV_UM / (4 * np.pi * ENERGY_EV * thickness_um)
    film = index + 1j * k
    phase = np.exp(2j * np.pi * film * thickness_um * ENERGY_EV / HC_EV_UM)
    glass = 1.5
    r1, r2 = (1 - film) / (1 + film), (film - glass) / (film + glass)
    t1, t2 = 2 / (1 + film), 2 * film / (film + glass)
    loop = 1 + r1 * r2 * phase**2
    reflected = np.abs((r1 + r2 * phase**2) / loop) ** 2
    passed = glass * np.abs(t1 * t2 * phase / loop) ** 2
    return np.asarray(-np.log(passed / (1 - reflected)))


def spectra(parts: tuple[str, ...], kind: Kind, n: int) -> tuple[Floats, Floats]:
    """Return n gaps and their disturbed spectra, the same edges in every case."""
    random = np.random.default_rng(SEED)

    def each(low: float, high: float) -> Floats:
        return random.uniform(low, high, (n, 1))

    gaps = random.uniform(1.45, 2.90, n)
    heights = np.exp(each(np.log(0.1), np.log(2)))
    alpha = edges(gaps, kind, heights, URBACH_EV if "urbach" in parts else 0.0)
    thickness, phase = each(0.3, 1.0), each(0, 2 * np.pi)
    level, band, width = each(0, 0.1), each(0, 0.1), each(0.15, 0.4)
    centre = 1.2 + (np.minimum(gaps, 1.8)[:, None] - 1.2) * each(0, 1)
    clean = alpha
    if "film" in parts:
        alpha = through_film(alpha, thickness)
    if "baseline" in parts:  # a constant background and a band inside the gap
        bump = np.exp(-0.5 * ((ENERGY_EV - centre) / width) ** 2)
        alpha = alpha + heights * (level + band * bump)
    if "fringes" in parts:  # index 2.2; two passes through the film damp them
        wave = np.cos(4 * np.pi * 2.2 * thickness * ENERGY_EV / HC_EV_UM + phase)
        alpha = alpha + 0.05 * heights * wave * np.exp(-clean)
    if "noise" in parts:
        alpha = alpha + 0.02 * heights * random.normal(size=alpha.shape)
    return gaps, alpha


def ours(alpha: Floats, kind: Kind) -> Floats:
    """Find gaps as xmodkit does."""
    return band_gap(ENERGY_EV, alpha, kind).value.astype(np.float64)


def published(alpha: Floats, kind: Kind, reading: Reading) -> Floats:
    """Find gaps by the published recipe."""
    return published_gaps(ENERGY_EV, alpha, kind, (reading,))[reading].astype(np.float64)


def tangent(alpha: Floats, kind: Kind, points: int = 21) -> Floats:
    """Find gaps by the steepest straight line through 21 points of the Tauc ordinate."""
    smooth = savgol_filter(alpha, 25, 4, axis=1)
    ordinate = np.abs(smooth * ENERGY_EV) ** (2.0 if kind == "direct" else 0.5)
    windows = np.lib.stride_tricks.sliding_window_view(ordinate, points, axis=1)
    x = np.lib.stride_tricks.sliding_window_view(ENERGY_EV, points)
    away = x - x.mean(axis=1, keepdims=True)
    slope = (windows * away).sum(axis=2) / (away**2).sum(axis=1)
    rows, best = np.arange(len(alpha)), slope.argmax(axis=1)
    steepest = slope[rows, best]
    rises = steepest > 0
    level = windows.mean(axis=2)[rows, best]
    meets = x.mean(axis=1)[best] - level / np.where(rises, steepest, 1)
    return np.where(rises, meets, np.nan)


def twenty_to_eighty(alpha: Floats, kind: Kind) -> Floats:
    """Find gaps by a line through the Tauc ordinate where it first climbs from 20 to 80 %."""
    ordinate = np.abs(alpha * ENERGY_EV) ** (2.0 if kind == "direct" else 0.5)
    gaps = []
    for y in ordinate / ordinate.max(axis=1, keepdims=True):
        end = int(np.argmax(y > 0.8))
        low = np.flatnonzero(y[:end] < 0.2)
        part = slice(low[-1] + 1 if len(low) else 0, end + 2)
        slope, offset = np.polyfit(ENERGY_EV[part], y[part], 1)
        gaps.append(-offset / slope if slope > 0 else np.nan)
    return np.array(gaps)


FINDERS: dict[str, Finder] = {
    "ours": ours,
    "published, 2 dx": partial(published, reading="double"),
    "published, dx^2": partial(published, reading="square"),
    "steepest line": tangent,
    "line, 20-80 %": twenty_to_eighty,
}


def scored(found: Floats, truth: Floats) -> dict[str, float]:
    """Return bias, MAE and median absolute error in meV, and the share of rows without a gap."""
    error = 1000 * (np.clip(found, *GAP_WINDOW_EV) - truth)
    size = np.abs(error)
    return {
        "bias": float(np.nanmean(error)),
        "mae": float(np.nanmean(size)),
        "median": float(np.nanmedian(size)),
        "none": float(np.isnan(error).mean()),
    }


def compared(truth: Floats, alpha: Floats, kind: Kind) -> dict[str, dict[str, float]]:
    """Score every finder on the same spectra."""
    return {name: scored(find(alpha, kind), truth) for name, find in FINDERS.items()}


Row = tuple[str, str, int, Mapping[str, Mapping[str, float]]]


def known_edges(n: int) -> Iterator[Row]:
    """Yield the scores of each case and kind of edge."""
    for kind in KINDS:
        for case, parts in CASES.items():
            truth, alpha = spectra(parts, kind, n)
            yield kind, case, n, compared(truth, alpha, kind)


def assumed_wrongly(n: int) -> Iterator[Row]:
    """Yield what an indirect edge read as direct gives, and a direct one read as indirect."""
    for true_kind, read_as in (KINDS, KINDS[::-1]):
        truth, alpha = spectra((), true_kind, n)
        yield read_as, f"no disturbance, truly {true_kind}", n, compared(truth, alpha, read_as)


def simulated(store: Path, n: int) -> Iterator[Row]:
    """Yield scores on a simulated store's spectra, against the gaps of each main phase."""
    samples = samples_in_store(
        store, plugins.pair("uvvis"), Route("scan", "absorption"), every_modality=True
    )
    alpha, direct, indirect = [], [], []
    for sample in islice(samples, n):
        alpha.append(sample.arrays["absorption"]["absorption"])
        direct.append(_number(sample.metadata.get("gap_direct_eV")))
        indirect.append(_number(sample.metadata.get("gap_indirect_eV")))
    spectra_, d, i = np.array(alpha, np.float64), np.array(direct), np.array(indirect)
    strong = spectra_.max(axis=1) >= 0.05
    low, high = GAP_WINDOW_EV
    only, both = np.isnan(i), np.isfinite(i)
    rows: list[tuple[Kind, str, Floats, Any]] = [
        ("direct", "simulator, direct edge only", d, only),
        ("direct", "simulator, indirect edge below it", d, both),
        ("indirect", "simulator, indirect edge", i, both),
    ]
    for kind, name, truth, chosen in rows:
        use = chosen & strong & (truth >= low) & (truth <= high)
        yield kind, name, int(use.sum()), compared(truth[use], spectra_[use], kind)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def speeds(n: int) -> dict[str, float]:
    """Return microseconds per spectrum of each finder, the best of three."""
    _, alpha = spectra(CASES["all together"], "direct", n)

    def once(find: Finder) -> float:
        start = perf_counter()
        find(alpha, "direct")
        return (perf_counter() - start) / n * 1e6

    return {name: min(once(find) for _ in range(3)) for name, find in FINDERS.items()}


def line(row: Row) -> str:
    """Write one row of the table: bias / MAE (share without a gap, where there is one)."""
    kind, case, n, scores = row
    cells = [f"{s['bias']:+.0f} / {s['mae']:.0f}" + _missing(s["none"]) for s in scores.values()]
    return f"| {kind} | {case} | {n} | " + " | ".join(cells) + " |"


def _missing(share: float) -> str:
    return f" ({share:.1%} none)" if share else ""


def main() -> None:
    """Print the table, or everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=1000, help="spectra per case, rows of the store")
    parser.add_argument("--store", type=Path, help="a store of simulated samples")
    parser.add_argument("--json", type=Path, help="write every score here")
    options = parser.parse_args()
    print(f"Errors in meV: bias / MAE. Seed {SEED}.\n")
    print("| read as | case | n | " + " | ".join(FINDERS) + " |")
    print("| --- " * (3 + len(FINDERS)) + "|")
    rows = []
    sources = [known_edges(options.n), assumed_wrongly(options.n)]
    sources += [simulated(options.store, options.n)] if options.store else []
    for source in sources:
        for row in source:
            rows.append(row)
            print(line(row), flush=True)
    took = speeds(min(options.n, 512))
    print("\nus per spectrum: " + ", ".join(f"{name} {t:.0f}" for name, t in took.items()))
    if options.json:
        keys = ("read_as", "case", "n", "scores")
        table = [dict(zip(keys, row, strict=True)) for row in rows]
        options.json.write_text(json.dumps({"seed": SEED, "rows": table, "us": took}, indent=1))


if __name__ == "__main__":
    main()
