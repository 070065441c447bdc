"""Figures of `imatgen.py`, after those of the paper's supplement: S2-S4, S8, S9, S10 and S11."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from imatgen_data import SETS, crystal, digest, save
from imatgen_generate import SAME, Drawn, every_drawn, models
from imatgen_methods import Bench, Method
from imatgen_reconstruct import Rebuilt, by_method, training_rows
from imatgen_stability import energies
from imatgen_training import STABLE_BELOW
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xmodkit.pair import Sample
from xmodkit.report.style import ACCENT, FAINT, INK, RUNS, canvas, legend, png, style
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.generate.space import LatentSpace
from xmodkit_crystal.report.latents import principal_components

__all__ = ["draw"]

_COLOURS = (*RUNS, ACCENT, INK)
_FORMULAS = 12
_LEAST = 1e-4  # errors below it are drawn there
_OXYGEN = 8


def draw(bench: Bench, folder: Path) -> str:
    """Draw all figures into a folder, with what they need made first; return what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    with style():
        for name, figure, said in _figures(bench):
            (folder / f"{name}.png").write_bytes(png(figure))
            lines.append(f"- {folder / name}.png: {said}")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def _figures(bench: Bench) -> Iterator[tuple[str, Figure, str]]:
    oxides = bench.sets.oxides()
    makers = models(bench)
    found = every_drawn(bench, makers, [crystal(sample) for sample in oxides])
    yield "dissimilarity", _dissimilarity(found), "generated to nearest training crystal (S8)"
    yield "compositions", _compositions(found), "formulas of different valid ones (S11)"
    parts = {name: bench.sets.parts(name) for name in SETS}
    known = training_rows(bench, {name: rows for name, (rows, _) in parts.items()})
    judges = [*bench.finished_on_these(), *bench.trained(known)]
    for name, (_, held) in parts.items():
        rebuilt = by_method(bench, name, judges, held[: bench.test])
        yield f"errors-{name}", _errors(name, rebuilt), f"cells and atoms of {name} (S9, S10)"
    perovskites = parts["perov_5"][1][: bench.test]
    for number, method in enumerate(judges):
        latents = _latents(bench, method, perovskites)
        figure = _by_energy(method.name, latents, energies(perovskites))
        said = f"latents of perov_5 test rows by energy and stability, {method.name} (S3, S4)"
        yield f"latents-energy-{number}", figure, said
    for number, method in enumerate(makers):
        latents = _latents(bench, method, oxides[: bench.test])
        figure = _by_composition(method.name, latents, oxides[: bench.test])
        said = f"latents of simulated V-O crystals by composition, {method.name} (S2)"
        yield f"latents-composition-{number}", figure, said


def _latents(bench: Bench, method: Method, samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return latents without their elements (n, k); kept in a file."""
    path = bench.work / "latents" / f"{method.identity}-{digest(samples)}.npz"
    if not path.exists():
        coder = method.coder()
        every = coder.latents([crystal(sample) for sample in samples])
        save(path, {"latent": LatentSpace.of(coder.decoder).without_elements(every)})
    with np.load(path) as file:
        return np.asarray(file["latent"], np.float64)


def _dissimilarity(found: Mapping[str, Drawn]) -> Figure:
    figure = canvas(7, 0.4 + 1.3 * len(found))
    rows = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    edges = np.linspace(0, SAME.stol, 31)
    for axes, (name, drawn) in zip(rows, found.items(), strict=True):
        none = int(np.isnan(drawn.rms).sum())
        axes.hist(drawn.rms[~np.isnan(drawn.rms)], edges, color=RUNS[0])
        axes.set_title(f"{name}: {none} of {len(drawn.rms)} different valid ones match none")
        axes.set_ylabel("others")
        axes.set_ylim(0, None if none < len(drawn.rms) else 1)
    rows[-1].set_xlabel(
        "normalised rms displacement to the nearest simulated V-O crystal of the set"
    )
    return figure


def _compositions(found: Mapping[str, Drawn]) -> Figure:
    counts = {
        name: Counter(reduced_formula(one.numbers) for one in drawn.crystals)
        for name, drawn in found.items()
    }
    total = sum(counts.values(), Counter())
    shown = [formula for formula, _ in total.most_common(_FORMULAS)]
    figure = canvas(8, 0.4 + 1.2 * len(counts))
    rows = figure.subplots(len(counts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, own) in zip(rows, counts.items(), strict=True):
        axes.bar(range(len(shown)), [own[formula] for formula in shown], 0.7, color=RUNS[0])
        axes.set_title(f"{name}: {sum(own.values())} different valid ones, {len(own)} formulas")
        axes.set_ylim(0, None if own else 1)
    rows[-1].set_xticks(range(len(shown)), shown, rotation=45, ha="right")
    rows[-1].set_xlabel("generated; models learned from simulated V-O crystals")
    return figure


def _errors(name: str, rebuilt: Mapping[str, Rebuilt]) -> Figure:
    figure = canvas(10, 3.4)
    panels: list[tuple[str, dict[str, NDArray]]] = [
        ("edges, %", {label: 100 * one.scores["length"] for label, one in rebuilt.items()}),
        ("angles, degrees", {label: one.scores["angle"] for label, one in rebuilt.items()}),
        ("positions, A", {label: one.positions["position"] for label, one in rebuilt.items()}),
    ]
    for axes, (title, errors) in zip(figure.subplots(1, 3), panels, strict=True):
        known = {label: np.maximum(e[~np.isnan(e)], _LEAST) for label, e in errors.items()}
        end = max([2 * _LEAST, *(values.max() for values in known.values() if len(values))])
        edges = np.geomspace(_LEAST, end, 40)
        for (label, values), colour in zip(known.items(), cycle(_COLOURS)):
            axes.hist(values, edges, histtype="step", color=colour, label=label)
        axes.set(
            title=title, xlabel=f"mean absolute error, {name} (DFT)", ylabel="count", xscale="log"
        )
    legend(figure.axes[-1], fontsize=6)
    return figure


def _by_energy(name: str, latents: NDArray, energy: NDArray) -> Figure:
    places, shares = principal_components(latents)
    figure = canvas(8, 3.6)
    left, right = figure.subplots(1, 2)
    _map(left, places, energy, f"{name}: energy", "energy of formation (DFT) / (eV/atom)")
    for stable, colour in ((False, FAINT), (True, RUNS[0])):
        rows = (energy < STABLE_BELOW) == stable
        told = f"{'below' if stable else 'above'} {STABLE_BELOW:g} eV/atom"
        right.scatter(*places[rows].T, s=5, c=colour, linewidths=0, label=told)
    right.set(xticks=[], yticks=[], title=f"two components: {shares[:2].sum():.0%} of variance")
    legend(right, markerscale=2)
    return figure


def _by_composition(name: str, latents: NDArray, samples: Sequence[Sample]) -> Figure:
    places, shares = principal_components(latents)
    crystals = [crystal(sample) for sample in samples]
    oxygen = np.array([(one.numbers == _OXYGEN).mean() for one in crystals])
    volume = np.array([one.volume / len(one) for one in crystals])
    figure = canvas(8, 3.6)
    left, right = figure.subplots(1, 2)
    _map(left, places, oxygen, f"{name}: simulated V-O crystals", "share of oxygen")
    _map(
        right,
        places,
        volume,
        f"two components: {shares[:2].sum():.0%} of variance",
        "volume per atom / A³",
    )
    return figure


def _map(axes: Any, places: NDArray, values: NDArray, title: str, label: str) -> None:
    shown = axes.scatter(*places.T, c=values, s=5, cmap="viridis", linewidths=0)
    axes.figure.colorbar(shown, ax=axes, label=label)
    axes.set(xticks=[], yticks=[], title=title)
