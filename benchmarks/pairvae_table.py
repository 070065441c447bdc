"""The tables of `pairvae.py`: the six published columns, and everything on fixed test films."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pairvae_scores import PER_UNIT, bootstrap

__all__ = ["SIX", "published_table", "test_table"]

Errors = Mapping[str, NDArray]

# Column, the weights it is of, its route.
SIX = (
    ("SAXS solo", "solo", "saxs:saxs"),
    ("SAXS pair", "end", "saxs:saxs"),
    ("SEM→SAXS", "end", "sem:saxs"),
    ("S(r) SEM solo", "solo", "sem:sem"),
    ("S(r) SEM pair", "end", "sem:sem"),
    ("S(r) SAXS→SEM", "end", "saxs:sem"),
)
# Medians read off Fig. 6 of the paper, by training pairs: ±0.0003 and ±0.0006.
_PUBLISHED = {
    32: (0.0342, 0.0412, 0.0445, 0.0270, 0.0350, 0.0145),
    48: (0.0276, 0.0354, 0.0393, 0.0282, 0.0196, 0.0105),
    64: (0.0260, 0.0339, 0.0377, 0.0219, 0.0190, 0.0076),
}
_NOT_THE_SAME = (
    "Published medians are of measured pairs, training and validation rows mixed, SAXS as "
    "false-colour photographs in 0..1, S(r) to 96 pixels of crops of 192 pixels; here films are "
    "simulated and SAXS is log10 intensity on measured pixels over the 7 decades of the scaled "
    "unit: the same measures on other data, which no figure here repeats or refutes."
)
FLOOR = "floor: another crop of the film"


def published_table(scores: Mapping[tuple[int, str, str], Errors], sizes: tuple[int, ...]) -> str:
    """Return the six columns as Markdown, medians over films, crops and seeds.

    `scores` are by training pairs, method and part (`validation` or `mixed`): errors by weights
    and route, in decades or S(r).
    """
    heads = " | ".join(name for name, _, _ in SIX)
    lines = [f"| training pairs | model, rows | {heads} |", "| ---: | --- |" + " ---: |" * 6]
    for size in sizes:
        for (pairs, method, part), found in scores.items():
            if pairs == size:
                cells = [_cell(found[f"{when} {route}"], route) for _, when, route in SIX]
                lines.append(f"| {size} | {method}, {part} | {' | '.join(cells)} |")
        if size in _PUBLISHED:
            cells = [f"{value:.4f}" for value in _PUBLISHED[size]]
            lines.append(f"| {size} | published, mixed | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"SAXS in the scaled unit; times {PER_UNIT:g}: decades of "
                      f"intensity. {_NOT_THE_SAME}"])  # fmt: skip


def _cell(errors: NDArray, route: str) -> str:
    unit = PER_UNIT if route.endswith("saxs") else 1.0
    return f"{np.median(errors) / unit:.4f}"


def test_table(size: int, scores: Mapping[str, Errors], reference: str) -> str:
    """Return errors on the test films as Markdown: models and baselines, both ways.

    `scores` are by method or baseline: errors (films,) by route, means over crops and seeds.
    Differences are to `reference`, on the same films.
    """
    lines = [f"{size} training pairs, {_films(scores)} test films", ""]
    for route, unit in (("saxs:sem", "MAE of S(r)"), ("sem:saxs", "decades of intensity")):
        lines += [
            f"| {route}, {unit} | median | mean | median less {reference} | mean less {reference} "
            "| excess over floor, of its |",
            "| --- |" + " ---: |" * 5,
        ]
        lines += [
            f"| {name} | {_numbers(name, found[route], scores, route, reference)} |"
            for name, found in scores.items()
            if route in found
        ]
        lines.append("")
    return "\n".join([*lines, _further(scores)])


def _films(scores: Mapping[str, Errors]) -> int:
    return len(next(iter(next(iter(scores.values())).values())))


def _numbers(
    name: str, errors: NDArray, scores: Mapping[str, Errors], route: str, reference: str
) -> str:
    cells = [f"{np.median(errors):.4f}", f"{errors.mean():.4f}"]
    other = scores[reference][route]
    if name == reference:
        return " | ".join([*cells, "", "", ""])
    for middle in (np.median, np.mean):
        cells.append(str(bootstrap(_difference(middle), errors, other)))
    floor = scores.get(FLOOR, {}).get(route)
    if floor is None or name == FLOOR:
        return " | ".join([*cells, ""])
    return " | ".join([*cells, str(bootstrap(_share_of_excess, errors, other, floor))])


def _difference(middle: Callable[[NDArray], float]) -> Callable[[NDArray, NDArray], float]:
    return lambda one, other: middle(one) - middle(other)


def _share_of_excess(one: NDArray, other: NDArray, floor: NDArray) -> float:
    """Return the mean excess of one over the floor, as a share of the other's."""
    return (one.mean() - floor.mean()) / (other.mean() - floor.mean())


def _further(scores: Mapping[str, Errors]) -> str:
    """Return what is told of models alone: ensembles, and whole micrographs instead of crops."""
    names = ("mean saxs:sem", "crps", "coverage", "whole sem:saxs")
    titles = ("S(r) of the ensemble's mean", "CRPS of S(r)", "coverage of 90 % bounds",
              "SEM→SAXS of whole micrographs")  # fmt: skip
    lines = ["| | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(titles)]
    for name, found in scores.items():
        if "crps" in found:
            cells = " | ".join(f"{found[key].mean():.4f}" for key in names)
            lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)
