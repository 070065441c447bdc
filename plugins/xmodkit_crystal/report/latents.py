"""Maps of the latent space: its principal components, by what crystals are of and hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.pair import Sample
from xmodkit.report.style import ACCENT, FAINT, INK, RUNS, canvas, png
from xmodkit.structures.elements import symbol
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.latent import parted
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.report.known import energies

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["families", "latent_map", "principal_components"]

_MOST_POINTS = 2000
_COLOURS = (*RUNS, ACCENT, INK)
_OTHERS = "others"
_TOLD = 0.8  # of the crystals that named families hold together, if they are to tell them apart
_ONE = 0.9  # of the crystals in one family: then it tells nothing
_FEWEST = 3

Floats = NDArray[np.float64]


def latent_map(evaluation: Evaluation) -> Figure | None:
    """Return the first two principal components of test latents, coloured in three ways.

    By family of formulas, by known energy, and by volume per atom, as far as they are known. None
    where the run gives no latent.
    """
    given = evaluation.prediction.latent
    if given is None or len(given) < _FEWEST or evaluation.route.source != "crystal":
        return None
    order = np.random.default_rng(evaluation.seed).permutation(len(given))[:_MOST_POINTS]
    samples = [evaluation.samples[i] for i in order]
    latents = _without_elements(np.asarray(given[order], np.float64))
    places, explained = principal_components(latents)
    crystals = [to_crystal(sample.arrays["crystal"]) for sample in samples]
    volumes = np.array([crystal.volume / len(crystal) for crystal in crystals])
    energy = energies(samples)
    scales = {"energy of formation / (eV/atom)": energy, "volume per atom / A³": volumes}
    scales = {name: values for name, values in scales.items() if not np.isnan(values).all()}
    figure = canvas(3.2 * (1 + len(scales)), 3.6)
    first, *others = figure.subplots(1, 1 + len(scales), squeeze=False)[0]
    names = families(samples)
    _by_family(first, places, names)
    for axes, (name, values) in zip(others, scales.items(), strict=True):
        _by_value(axes, places, values, name)
    return Figure(
        "latent",
        "Latent space",
        f"First two principal components of the latents ({latents.shape[1]} numbers) of "
        f"{len(latents):,} crystals; they hold {explained[:2].sum():.0%} of the variance. Coloured "
        "by family, by known energy of formation and by volume per atom, as far as they are known.",
        png(figure),
        "Latent space",
        {
            "explained_variance": explained[:10].round(4).tolist(),
            "components_for_90_percent": int(np.searchsorted(explained.cumsum(), 0.9) + 1),
            "families": dict(Counter(names).most_common()),
        },
    )


def principal_components(latents: Floats) -> tuple[Floats, Floats]:
    """Return places (n, 2) along the two widest directions, and all shares of the variance.

    The largest number of a direction is positive, so that a map is not mirrored by chance.
    """
    centred = latents - latents.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    values, axes = np.clip(values[::-1], 0, None), vectors[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return centred @ axes, values / max(values.sum(), np.finfo(float).tiny)


def families(samples: Sequence[Sample]) -> list[str]:
    """Return the family of each crystal: the first kind of name that few families share.

    Kinds are reduced formulas (VO2), formulas without elements (A2B), the most frequent element.
    """
    found: list[str] = []
    for kind in (_formula, _anonymous, _most_frequent):
        named = [kind(np.asarray(s.arrays["crystal"]["numbers"], np.int64)) for s in samples]
        common = dict(Counter(named).most_common(len(_COLOURS)))
        found = [name if name in common else _OTHERS for name in named]
        telling = max(common.values()) <= _ONE * len(samples)
        if telling and sum(common.values()) >= _TOLD * len(samples):
            break
    return found


def _formula(numbers: NDArray[np.int64]) -> str:
    return reduced_formula(numbers[numbers > 0])


def _anonymous(numbers: NDArray[np.int64]) -> str:
    counts = np.unique(numbers[numbers > 0], return_counts=True)[1]
    parts = sorted(counts // np.gcd.reduce(counts))
    letters = (chr(ord("A") + i) + (str(n) if n > 1 else "") for i, n in enumerate(parts))
    return "".join(letters)


def _most_frequent(numbers: NDArray[np.int64]) -> str:
    species, counts = np.unique(numbers[numbers > 0], return_counts=True)
    return symbol(int(species[counts.argmax()]))


def _without_elements(latents: Floats) -> Floats:
    """Return latents without atomic numbers at their end, which would outweigh all else."""
    parts = [parted(latent) for latent in latents]
    return np.stack([z for z, _ in parts]) if all(numbers for _, numbers in parts) else latents


def _by_family(axes: Axes, places: Floats, names: Sequence[str]) -> None:
    of, counts = np.array(names), Counter(names)
    kinds = sorted(counts, key=lambda name: (name == _OTHERS, -counts[name]))
    for name, colour in zip(kinds, (*_COLOURS, FAINT), strict=False):
        rows = of == name
        shown = FAINT if name == _OTHERS else colour
        x, y = places[rows].T
        axes.scatter(x, y, s=5, c=shown, linewidths=0, label=name)
    axes.legend(markerscale=2, fontsize=6.5, loc="best")
    _plain(axes, "family")


def _by_value(axes: Axes, places: Floats, values: Floats, name: str) -> None:
    known = ~np.isnan(values)
    low, high = np.percentile(values[known], [1, 99])
    x, y = places.T
    axes.scatter(x[~known], y[~known], s=3, c=FAINT, alpha=0.3, linewidths=0)
    drawn = axes.scatter(
        x[known], y[known], c=values[known], s=5, cmap="viridis", vmin=low, vmax=high, linewidths=0
    )
    axes.figure.colorbar(
        drawn, ax=axes, location="bottom", shrink=0.8, pad=0.02, label=name.partition("/ ")[2]
    )
    _plain(axes, name.partition(" /")[0])


def _plain(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[], title=title)
    axes.set_xlabel("component 1", color=FAINT)
    axes.set_ylabel("component 2", color=FAINT)
    axes.grid(visible=False)
