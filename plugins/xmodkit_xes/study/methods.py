"""The methods that are compared, each fitted to the same standardised training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from xmodkit.errors import MissingExtraError
from xmodkit_xes.study.linear import fit_pca, fit_pls, line
from xmodkit_xes.study.rows import Floats
from xmodkit_xes.study.search import SPACE, Point, Predict, best, draws

if TYPE_CHECKING:
    from xmodkit_xes.models.components import Fitter

__all__ = ["EMULATOR", "METHODS", "PEER", "Components", "Methods"]

EMULATOR, PEER = "emulator", "PLS"
NETWORKS = ("EDNN", "NNCA", "ECA")
# Of few rows large networks learn no more, only longer.
FEW = 4000
SMALL: Point = {"width": 64, "depth": 2, "starts": 2, "polish": 60, "decay": 1e-2}
METHODS = (*NETWORKS, PEER, "PCA", "PCA+MLP")


class Components(Protocol):
    """Features to k scores to targets; `basis` is V (k, feature), None if scores are not linear."""

    @property
    def basis(self) -> Floats | None:
        """The vectors V, t = x V'."""
        ...

    def transform(self, x: Floats) -> Floats:
        """Return scores (N, k) of features (N, feature)."""
        ...

    def decode(self, t: Floats) -> Floats:
        """Return targets (N, channel) of scores (N, k)."""
        ...


class Methods:
    """Fits each method to training rows of one problem.

    The networks are nested (`xmodkit_xes.models.components`): one chain of fits serves them all.
    With a search each takes the chain whose hyperparameters do best for it, by cross-validation in
    which `units` stay together. Raise `MissingExtraError` without torch.
    """

    def __init__(
        self,
        x: Floats,
        y: Floats,
        units: Sequence[str],
        ks: Sequence[int],
        seed: int,
        search: int,
    ) -> None:
        try:
            from xmodkit_xes.models.components import Fitter, Plan
        except ImportError as error:
            raise MissingExtraError("a study", error.name or "torch", "train") from error
        self.x, self.y, self.units, self.ks = x, y, units, ks
        self.seed, self.search = seed, search
        size = SMALL if len(x) < FEW else {}
        self._new: Callable[[Floats, Floats, Point], Fitter] = lambda x, y, point: Fitter(
            x, y, seed, Plan(**{**size, **point})
        )
        self._chains: dict[str, Fitter] = {}

    @cached_property
    def emulator(self) -> Predict:
        """What predicts targets (N, channel) of all features (N, feature)."""
        return self._chain(EMULATOR, 0).emulator.predict

    def fit(self, method: str, k: int) -> Components:
        """Return a method's k components."""
        if method == PEER:
            return fit_pls(self.x, self.y, k)
        if method == "PCA":
            return fit_pca(self.x, k, lambda t: line(t, self.y))
        if method == "PCA+MLP":
            return self._of_scores(self.x, self.y, k, self.settings(method, k))
        return _network(self._chain(method, k), method, k)

    def settings(self, method: str, k: int) -> Point:
        """Return the hyperparameters that the search found; none without a search."""
        return self._found.get(f"{method}-{k}", {}) if self.search else {}

    @cached_property
    def _found(self) -> Mapping[str, Point]:
        points = draws(SPACE, self.search, self.seed)
        return best(self._trial, self.x, self.y, self.units, points, self.seed)

    def _trial(self, x: Floats, y: Floats, point: Point) -> dict[str, Predict]:
        """Return what every network predicts that learned from some of the rows."""
        chain = self._new(x, y, point)
        out: dict[str, Predict] = {f"{EMULATOR}-0": chain.emulator.predict}
        for k in self.ks:
            for method in NETWORKS:
                out[f"{method}-{k}"] = _predictor(_network(chain, method, k))
            out[f"PCA+MLP-{k}"] = _predictor(self._of_scores(x, y, k, point))
        return out

    def _chain(self, method: str, k: int) -> Fitter:
        point = self.settings(method, k)
        return self._chains.setdefault(repr(point), self._new(self.x, self.y, point))

    def _of_scores(self, x: Floats, y: Floats, k: int, point: Point) -> Components:
        """Return principal components, and the emulator's network on them."""
        return fit_pca(x, k, lambda t: self._new(t, y, point).emulator.predict)


def _network(chain: Fitter, method: str, k: int) -> Components:
    fit: Callable[[int], Components] = getattr(chain, method.lower())
    return fit(k)


def _predictor(fitted: Components) -> Predict:
    return lambda rows: fitted.decode(fitted.transform(rows))
