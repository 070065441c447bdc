"""PairVAE (Lu & Jayaraman 2023) and our own model on simulated pairs, beside what needs no network.

    python benchmarks/pairvae.py --size 32 64 --seeds 2          # 72 pairs at 96 pixels
    python benchmarks/pairvae.py --pairs 1000 --size 640 --seeds 1
    python benchmarks/pairvae.py --pixels 192 --encoder-width 64 --epochs 1100 --device cuda

Everything is simulated. Films, trainings and scores are kept in --work and not made again; a
killed benchmark goes on where it was, within an epoch. All models get equal optimiser steps of
8 rows: --epochs for each of PairVAE's three stages, and a fourth of it to pre-train its encoder.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pairvae_data import Films, Truths, split, truths
from pairvae_methods import METHODS, Method, Settings, Training
from pairvae_scores import baselines, curve_of, errors
from pairvae_table import published_table, test_table

from xmodkit.modality import stacked
from xmodkit.model import Model
from xmodkit.replacing import replacing
from xmodkit_saxs_sem.simulator import VERSION

PAIRS_SEED, TEST_SEED = 7, 8
_SOLO = ("saxs:saxs", "sem:sem")
_MOST = {"training": 64, "validation": 200}  # rows scored, evenly chosen, of larger parts


class Benchmark:
    """All that one call of the script compares."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.work: Path = arguments.work / f"simulator-{VERSION}"
        self.crops: int = arguments.crops
        self.pairs = Films(self.work / "films", PAIRS_SEED, arguments.pairs)
        self.test = Films(self.work / "films", TEST_SEED, arguments.test)
        self.settings = Settings(
            arguments.epochs, arguments.pixels, arguments.encoder_width, arguments.device
        )
        for films in (self.pairs, self.test):
            films.make()
        self.truths = {films.seed: self._truths(films) for films in (self.pairs, self.test)}

    def _truths(self, films: Films) -> Truths:
        path = self.work / f"truths-{films.seed}-{films.count}-{self.crops}.npz"
        if not path.exists():
            found = vars(truths(films, self.crops))
            _save(path, {name: np.asarray(array) for name, array in found.items()})
        with np.load(path) as file:
            held = dict(file)
        return Truths(tuple(map(str, held.pop("morphology"))), **held)

    def training(self, method: Method, size: int, seed: int) -> Training:
        """Return one training, named after all that decides it."""
        s = self.settings
        name = f"{method.name}-{self.pairs.count}-{size}-{seed}-e{s.epochs}-p{s.pixels}"
        width = f"-w{s.encoder_width}" if method.name.startswith("pairvae") else ""
        return Training(method, s, self.work / f"{name}{width}", seed)

    def models(self, method: Method, size: int, seed: int) -> dict[str, Model]:
        """Return a method's models, trained if need be."""
        known, held = split(self.pairs.count, size, seed)

        def rows(model: Model) -> Mapping[str, NDArray]:
            order = np.sort(known)
            return stacked([model.prepare(sample) for sample in self.pairs.samples(order)])

        curve = curve_of(method, self.pairs, list(held), self.truths[PAIRS_SEED][held])
        return self.training(method, size, seed).model(rows, curve)

    def scores(self, method: Method, size: int, seed: int) -> dict[str, dict[str, NDArray]]:
        """Return errors by part, then by weights and route (rows, crops), scored if need be."""
        folder = self.training(method, size, seed).folder
        loaded = cache(lambda: self.models(method, size, seed))
        known, held = split(self.pairs.count, size, seed)
        found = {}
        for part, films, rows in (
            ("training", self.pairs, np.sort(known)),
            ("validation", self.pairs, np.sort(held)),
            ("test", self.test, np.arange(self.test.count)),
        ):
            path = folder / f"scores-{part}-{self.crops}-{films.count}.npz"
            if not path.exists():
                rows = rows[:: max(1, len(rows) // _MOST.get(part, len(rows)))]
                truth = self.truths[films.seed][rows]
                _save(path, _scored(method, loaded(), films, rows, truth, part))
                print(f"{folder.name}: {part} rows scored", flush=True)
            with np.load(path) as file:
                found[part] = dict(file)
        return found


def _scored(
    method: Method, models: Mapping[str, Model], films: Films, rows: NDArray, truth: Truths,
    part: str,
) -> dict[str, NDArray]:  # fmt: skip
    solo = errors(method, models["solo"], films, rows, truth, ensemble=False, routes=_SOLO)
    end = errors(method, models["end"], films, rows, truth, ensemble=part == "test")
    return {f"solo {k}": v for k, v in solo.items()} | {f"end {k}": v for k, v in end.items()}


def _save(path: Path, arrays: Mapping[str, NDArray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)


def mixed(parts: Mapping[str, Mapping[str, NDArray]], share: float) -> dict[str, NDArray]:
    """Return errors of training and validation rows together, as published: `share` is training's.

    Where rows were left out, those scored stand for as many as they were chosen from.
    """
    known, held = parts["training"], parts["validation"]
    repeat = round(share / (1 - share) * _rows(held) / _rows(known)) or 1
    return {name: np.concatenate([*[known[name]] * repeat, held[name]]) for name in known}


def _rows(errors: Mapping[str, NDArray]) -> int:
    return len(next(iter(errors.values())))


def tables(run: Benchmark, methods: list[Method], sizes: tuple[int, ...], seeds: int) -> str:
    """Return all tables, training and scoring what is not there yet."""
    six, tests = {}, []
    for size in sizes:
        on_test: dict[str, dict[str, NDArray]] = {}
        for method in methods:
            found = [run.scores(method, size, seed) for seed in range(seeds)]
            share = size / run.pairs.count
            six[size, method.name, "validation"] = _joined([f["validation"] for f in found])
            six[size, method.name, "mixed"] = _joined([mixed(f, share) for f in found])
            on_test[method.name] = {
                name.removeprefix("end "): np.mean([f["test"][name].mean(axis=1) for f in found], 0)
                for name in found[0]["test"]
                if name.startswith("end ")
            }
        known = run.truths[PAIRS_SEED][np.sort(split(run.pairs.count, size, 0)[0])]
        for route, named in baselines(known, run.truths[TEST_SEED]).items():
            for name, error in named.items():
                on_test.setdefault(name, {})[route] = error.mean(axis=1)
        tests.append(test_table(size, on_test, methods[0].name))
    return "\n\n".join([published_table(six, sizes), *tests])


def _joined(found: list[dict[str, NDArray]]) -> dict[str, NDArray]:
    return {name: np.concatenate([f[name] for f in found]) for name in found[0]}


def main() -> None:
    """Simulate, train, score; print the tables and draw the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=72, help="simulated pairs that are split")
    parser.add_argument("--size", type=int, nargs="+", default=[32, 48, 64],
                        help="training pairs; the others are validation rows")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=2, help="splits and trainings of each size")
    parser.add_argument("--epochs", type=int, default=200, help="of each of PairVAE's stages")
    parser.add_argument("--pixels", type=int, default=96, choices=(96, 192), help="of PairVAE")
    parser.add_argument("--encoder-width", type=int, default=16, help="64: ResNet50 as published")
    parser.add_argument("--crops", type=int, default=10, help="of every micrograph, for scoring")
    parser.add_argument("--test", type=int, default=200, help="further films, for the test")
    parser.add_argument("--methods", nargs="+", default=["pairvae", "phases"], choices=[*METHODS])
    parser.add_argument("--work", type=Path, default=Path("pairvae"))
    parser.add_argument("--figures", type=Path, help="folder to draw figures into")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", help="that PairVAE is trained on")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = Benchmark(arguments)
    methods, sizes = [METHODS[name] for name in arguments.methods], tuple(arguments.size)
    text = tables(run, methods, sizes, arguments.seeds)
    told = (
        f"{arguments.pairs} simulated pairs and {arguments.test} test films (simulator {VERSION}, "
        f"seeds {PAIRS_SEED} and {TEST_SEED}); {arguments.seeds} split(s); threshold window 15; "
        f"PairVAE at {arguments.pixels} pixels, encoder width {arguments.encoder_width}, "
        f"{arguments.epochs} epochs of each stage; its latents are samples, as published"
    )
    print(f"\n{told}\n\n{text}")
    (run.work / "tables.md").write_text(f"{told}\n\n{text}\n")
    if arguments.figures:
        from pairvae_figures import draw_all

        draw_all(run, methods, sizes, arguments.seeds, arguments.figures)


if __name__ == "__main__":
    main()
