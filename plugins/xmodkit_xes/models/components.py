"""EDNN, NNCA and ECA as functions of arrays: features to k scores to targets.

Passilahti, Vladyka, Niskanen (arXiv:2406.14044). The three are nested: ECA's vectors and emulator
are one start of NNCA, whose projection and decoder are one start of EDNN. So the more general is
better on the rows that choose among the starts, and what is left to chance is only the test rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xmodkit.errors import UsageError
from xmodkit_xes.models.blocks import Bottleneck, Encoder, Mlp, Projection
from xmodkit_xes.models.directions import directions, folded
from xmodkit_xes.models.frames import FeatureFrame, Scaling, TargetFrame
from xmodkit_xes.models.lattice import Lattice
from xmodkit_xes.models.ranking import ranked
from xmodkit_xes.models.search import Rows, Schedule, place, polish, subset, train

__all__ = [
    "Components",
    "Emulator",
    "Fitter",
    "Plan",
    "fit_eca",
    "fit_ednn",
    "fit_emulator",
    "fit_nnca",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """Sizes of the networks, and how hard the best weights are sought.

    Of `starts` random starts (and, of EDNN, one for each entry of `nodes`: a lattice through the
    targets) the best go on for `epochs` epochs, judged on a share `held` of the rows, and the best
    of them ends with `polish` iterations of LBFGS. `clip` bounds features, in standard deviations.
    """

    width: int = 128
    depth: int = 4
    epochs: int = 100
    starts: int = 2
    nodes: Sequence[int] = (8, 24)
    rate: float = 1e-3
    batch: int = 64
    decay: float = 1e-4
    polish: int = 100
    held: float = 0.1
    scaling: Scaling = "global"
    clip: float | None = None

    @property
    def hidden(self) -> tuple[int, ...]:
        """The sizes of the hidden layers."""
        return (self.width,) * self.depth

    def schedule(self, share: float = 1.0) -> Schedule:
        """Return the schedule of a share of the epochs."""
        return Schedule(max(round(self.epochs * share), 1), self.rate, self.batch, self.decay)


@dataclass(frozen=True)
class Emulator:
    """All features (N, n) to targets (N, m), no bottleneck."""

    features: FeatureFrame
    targets: TargetFrame
    network: Mlp

    @torch.no_grad()
    def predict(self, x: Floats) -> Floats:
        """Return targets (N, m) of features (N, n)."""
        return _array(self.targets.undo(self.network(self.features(_tensor(x)))[0]))


@dataclass(frozen=True)
class Components:
    """Features (N, n) to k scores to targets (N, m)."""

    features: FeatureFrame
    targets: TargetFrame
    network: Bottleneck

    @property
    def basis(self) -> Floats | None:
        """The vectors V (k, n) of standardised features, t = z V'; None if t is not linear."""
        encoder = self.network.encoder
        return _array(encoder.basis()[0]) if isinstance(encoder, Projection) else None

    @torch.no_grad()
    def transform(self, x: Floats) -> Floats:
        """Return scores (N, k) of features (N, n)."""
        return _array(self.network.encoder(self.features(_tensor(x)))[0])

    @torch.no_grad()
    def decode(self, t: Floats) -> Floats:
        """Return targets (N, m) of scores (N, k)."""
        return _array(self.targets.undo(self.network.decoder(_tensor(t))[0]))

    def predict(self, x: Floats) -> Floats:
        """Return targets (N, m) of features (N, n)."""
        return self.decode(self.transform(x))

    @torch.no_grad()
    def expand(self, t: Floats) -> Floats:
        """Return features (N, n) of scores (N, k): what the scores do not say is the mean.

        Raise `UsageError` if the encoder is not linear.
        """
        if self.basis is None:
            raise UsageError("EDNN's scores are not linear in the features: nothing to expand")
        return _array(self.features.undo(_tensor(t) @ _tensor(self.basis)))


@dataclass
class Fitter:
    """Fits emulator, ECA, NNCA and EDNN to the same rows, each once.

    `x` is (N, n), `y` (N, m). The random draws of each fit depend on `seed` alone.
    """

    x: Floats
    y: Floats
    seed: int = 0
    plan: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        self._found: dict[tuple[str, int], Components] = {}
        x, y = _tensor(self.x), _tensor(self.y)
        self.features = FeatureFrame(x.shape[1], self.plan.clip)
        self.features.fit(x)
        self.targets = TargetFrame.of(y, self.plan.scaling)
        order = np.random.default_rng(self.seed).permutation(len(x))
        held = max(round(self.plan.held * len(x)), 1)
        judge, learn = torch.from_numpy(order[:held]), torch.from_numpy(order[held:])
        x, y = self.features(x), self.targets(y)
        self.rows = Rows(x[learn], y[learn], x[judge], y[judge])

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.rows.x.shape[1], self.rows.y.shape[1]

    @cached_property
    def emulator(self) -> Emulator:
        """The network of all features."""
        n, m = self._sizes
        with self._seeded():
            network = Mlp((n, *self.plan.hidden, m))
            train(network, self.rows, self.plan.schedule())
            polish(network, self.rows, self.plan.polish)
        return Emulator(self.features, self.targets, network)

    def eca(self, k: int) -> Components:
        """Return the directions that the emulator responds to most."""
        return self._once("eca", k, self._eca)

    def nnca(self, k: int) -> Components:
        """Return an orthonormal projection and a decoder, learned together."""
        return self._once("nnca", k, self._nnca)

    def ednn(self, k: int) -> Components:
        """Return a nonlinear encoder and a decoder, learned together."""
        return self._once("ednn", k, self._ednn)

    def _once(self, name: str, k: int, fit: Callable[[int], Bottleneck]) -> Components:
        if not 1 <= k <= self.rows.x.shape[1]:
            raise UsageError(f"k = {k} given, 1 to {self.rows.x.shape[1]} (features) expected")
        if (name, k) not in self._found:
            self._found[name, k] = Components(self.features, self.targets, fit(k))
        return self._found[name, k]

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            yield

    def _eca(self, k: int) -> Bottleneck:
        emulator = self.emulator.network
        with self._seeded():
            basis = directions(emulator, self.rows.x, self.rows.y, k)
        encoder = Projection(self.rows.x.shape[1], k)
        encoder.set_basis(basis)
        return Bottleneck(encoder, folded(emulator, basis))

    def _nnca(self, k: int) -> Bottleneck:
        (n, m), copies = self._sizes, self.plan.starts + 1
        start = self.eca(k).network
        with self._seeded():
            network = Bottleneck(Projection(n, k, copies), Mlp((k, *self.plan.hidden, m), copies))
            place(network, start, 0)
            best = self._compete(network)
        return ranked(best, self.rows.x, self.rows.y)

    def _ednn(self, k: int) -> Bottleneck:
        (n, m), plan = self._sizes, self.plan
        nodes = plan.nodes if k <= 2 else ()
        copies = 1 + plan.starts + len(nodes)
        start = self.nnca(k).network
        linear = cast("Projection", start.encoder)
        with self._seeded():
            encoder, decoder = Encoder(n, k, plan.hidden, copies), Mlp((k, *plan.hidden, m), copies)
            encoder.straighten(linear.basis()[0], 0)
            place(decoder, start.decoder, 0)
            network = Bottleneck(encoder, decoder)
            for copy, number in enumerate(nodes, start=1 + plan.starts):
                place(network, self._wound(number if k == 1 else max(number // 3, 3), k), copy)
            return self._compete(network)

    def _wound(self, nodes: int, k: int) -> Bottleneck:
        """Return a bottleneck that was taught the scores of a lattice through the targets."""
        (n, m), plan, rows = self._sizes, self.plan, self.rows
        lattice = Lattice(rows.y, nodes, k)
        t, held = lattice.scores(rows.y), lattice.scores(rows.held_y)
        encoder, decoder = Encoder(n, k, plan.hidden), Mlp((k, *plan.hidden, m))
        train(encoder, Rows(rows.x, t, rows.held_x, held), plan.schedule(0.2))
        train(decoder, Rows(t, rows.y, held, rows.held_y), plan.schedule(0.2))
        return Bottleneck(encoder, decoder)

    def _compete(self, network: Bottleneck) -> Bottleneck:
        """Train all copies for a while, the best two for long, and polish the best."""
        losses = train(network, self.rows, self.plan.schedule(0.25))
        finalists = subset(network, losses.argsort()[:2])
        losses = train(finalists, self.rows, self.plan.schedule())
        best = subset(finalists, losses.argsort()[:1])
        polish(best, self.rows, self.plan.polish)
        return best


def fit_emulator(x: Floats, y: Floats, seed: int = 0, **settings: Any) -> Emulator:
    """Return the network of all features x (N, n) for targets y (N, m); settings: see `Plan`."""
    return Fitter(x, y, seed, Plan(**settings)).emulator


def fit_eca(x: Floats, y: Floats, k: int, seed: int = 0, **settings: Any) -> Components:
    """Return ECA's k components of features x (N, n) for targets y (N, m); settings: see `Plan`."""
    return Fitter(x, y, seed, Plan(**settings)).eca(k)


def fit_nnca(x: Floats, y: Floats, k: int, seed: int = 0, **settings: Any) -> Components:
    """Return NNCA's k components of features x (N, n) for targets y (N, m); settings: `Plan`."""
    return Fitter(x, y, seed, Plan(**settings)).nnca(k)


def fit_ednn(x: Floats, y: Floats, k: int, seed: int = 0, **settings: Any) -> Components:
    """Return EDNN's k components of features x (N, n) for targets y (N, m); settings: `Plan`."""
    return Fitter(x, y, seed, Plan(**settings)).ednn(k)


def _tensor(array: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _array(tensor: Tensor) -> Floats:
    return tensor.detach().double().numpy()
