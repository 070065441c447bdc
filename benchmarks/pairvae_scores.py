"""Errors of predictions, of baselines and of another crop, and how sure differences are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from pairvae_data import Films, Truths, cropped
from pairvae_methods import Method

from xmodkit.model import Model
from xmodkit.pair import Sample
from xmodkit_saxs_sem.metrics.ensembles import crps, ensemble_interval
from xmodkit_saxs_sem.metrics.spectrum import power_spectrum, q_polar
from xmodkit_saxs_sem.metrics.two_point import two_point
from xmodkit_saxs_sem.modalities import MEMBERS
from xmodkit_saxs_sem.models.grid import LOG_RANGE
from xmodkit_saxs_sem.report.baselines import inverse_transform, nearest

__all__ = ["COLUMNS", "PER_UNIT", "Bootstrap", "baselines", "bootstrap", "curve_of", "errors"]

COLUMNS = ("saxs:saxs", "sem:saxs", "sem:sem", "saxs:sem")
PER_UNIT = LOG_RANGE[1] - LOG_RANGE[0]  # decades in the scaled unit 0..1
_ANNULUS = (0.06, 0.6)  # 1/nm: where frames are normalised
_INTERFACES_NM = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
_RESAMPLED = 2000
_WATCHED, _MEMBERS = 12, 8  # films and members in a point of a learning curve
_FRAME = ("intensity", "mask", "qx", "qy")

Floats = NDArray[np.float64]


@torch.no_grad()
def errors(
    method: Method, model: Model, films: Films, rows: Sequence[int], truth: Truths, *,
    ensemble: bool = True, routes: Sequence[str] = COLUMNS,
) -> dict[str, Floats]:  # fmt: skip
    """Return errors by route (rows, crops) of films whose truths are given, in order.

    Of scattering in decades on measured pixels, of micrographs in S(r). `ensemble` adds errors of
    the ensemble's mean S(r), coverage of its 90 % bounds, and its CRPS.
    """
    graphs = {route: model.graph(route).eval() for route in routes}
    found: dict[str, list] = {}
    for place, sample in enumerate(films.samples(rows)):
        one = truth[np.array([place])]
        for name, error in _of_film(method, graphs, sample, one, ensemble=ensemble).items():
            found.setdefault(name, []).append(error)
    return {name: np.stack(values) for name, values in found.items()}


def _of_film(
    method: Method, graphs: dict, sample: Sample, truth: Truths, *, ensemble: bool
) -> dict[str, Floats]:
    crops = truth.curves.shape[1]
    grey = torch.from_numpy(cropped(sample, crops))
    pixels = torch.full((crops,), float(sample.arrays["sem"]["pixel_nm"]))
    frame = [torch.from_numpy(sample.arrays["saxs"][k])[None] for k in _FRAME]
    found = {}
    for route, graph in graphs.items():
        if route == "saxs:sem":
            found |= _drawn(method, graph, frame, truth, ensemble=ensemble)
        elif route == "sem:sem":
            found[route] = _curve_error(_curves(graph(grey, pixels)["micrograph"]), truth)
        else:
            given = frame if route == "saxs:saxs" else (grey, pixels)
            log = graph(*given)["log_intensity"].numpy()
            found[route] = np.broadcast_to(_saxs_error(log, truth), (crops,))
    if "sem:saxs" in graphs and ensemble:
        whole = torch.from_numpy(sample.arrays["sem"]["micrograph"])[None]
        log = graphs["sem:saxs"](whole, pixels[:1])["log_intensity"].numpy()
        found["whole sem:saxs"] = np.broadcast_to(_saxs_error(log, truth), (crops,))
    return found


def _drawn(
    method: Method, graph: Callable, frame: list, truth: Truths, *, ensemble: bool
) -> dict[str, Floats]:
    def ask(members: int, spread: float) -> dict:
        return graph(*frame, torch.zeros(1), torch.arange(members), torch.tensor(spread))

    shown = ask(method.members, method.spread)
    found = {"saxs:sem": _curve_error(_curves(shown["micrograph"]), truth)}
    if ensemble:
        whole = (method.members, method.spread) == (MEMBERS, 1.0)
        many = shown if whole else ask(MEMBERS, 1.0)
        curves = _curves(many["ensemble"][0])  # (members, 48)
        found["mean saxs:sem"] = _curve_error(curves.mean(axis=0), truth)
        lower, upper = (bound[0] for bound in ensemble_interval(curves[None], 0.9))
        true = truth.curves[0]  # (crops, 48)
        found["coverage"] = ((true >= lower) & (true <= upper)).mean(axis=1)
        equal = np.broadcast_to(curves, (len(true), *curves.shape))
        found["crps"] = crps(equal, true).mean(axis=1)
    return found


def _curves(images: torch.Tensor) -> NDArray[np.float32]:
    return two_point(images.numpy())


def _curve_error(curves: NDArray, truth: Truths) -> Floats:
    """Return mean absolute errors (crops,) of S(r), given one for all crops or one each."""
    return np.abs(curves - truth.curves[0]).mean(axis=-1)


def _saxs_error(log: NDArray, truth: Truths) -> Floats:
    valid = truth.valid[0]
    return np.abs(log - truth.log[0])[:, valid].mean(axis=1)


def curve_of(method: Method, films: Films, rows: Sequence[int], truth: Truths) -> Callable:
    """Return what scores a model's routes for its learning curve: few films, one crop."""
    few = np.arange(min(_WATCHED, len(rows)))
    quick = replace(method, members=min(_MEMBERS, method.members))
    one = truth[few]
    one = Truths(one.morphology, one.log, one.valid, one.crops[:, :1], one.curves[:, :1])

    def score(model: Model, routes: Sequence[str]) -> dict[str, float]:
        some = [rows[i] for i in few]
        found = errors(quick, model, films, some, one, ensemble=False, routes=routes)
        return {name: float(values.mean()) for name, values in found.items()}

    return score


def baselines(known: Truths, asked: Truths) -> dict[str, dict[str, Floats]]:
    """Return errors (films, crops) of what needs no network, fitted on known films, by route."""
    phi = float(known.curves[..., 0].mean())
    shape = _covariance(asked, _interface(known))[:, None]
    own = asked.curves[..., :1]
    like = nearest(known.log, known.valid, asked.log, asked.valid)

    def curve(found: NDArray) -> Floats:
        return np.abs(found - asked.curves).mean(axis=-1)

    mean = known.curves.mean(axis=(0, 1))
    return {
        "saxs:sem": {
            "inverse transform, training phi": curve(phi**2 + phi * (1 - phi) * shape),
            "inverse transform, phi of the crop (oracle)": curve(own**2 + own * (1 - own) * shape),
            "nearest by scattering": curve(known.curves[like]),
            "training mean": curve(np.broadcast_to(mean, asked.curves.shape)),
            "floor: another crop of the film": curve(np.roll(asked.curves, 1, axis=1)),
        },
        "sem:saxs": _saxs_baselines(known, asked),
    }


def _covariance(films: Truths, interface_nm: float) -> NDArray:
    """Return the covariance (films, 48), 1 at r = 0, that scattering tells without a network."""
    half = np.full(len(films.log), 0.5)
    return 4 * inverse_transform(films.log, films.valid, half, interface_nm) - 1


def _interface(known: Truths) -> float:
    """Return the interface in nm with which inverse transforms fit known films best."""
    own = known.curves[..., :1]
    wrong = [
        np.abs(own**2 + own * (1 - own) * _covariance(known, width)[:, None] - known.curves).mean()
        for width in _INTERFACES_NM
    ]
    return _INTERFACES_NM[int(np.argmin(wrong))]


def _saxs_baselines(known: Truths, asked: Truths) -> dict[str, Floats]:
    seen = known.valid.sum(axis=0)
    mean = (known.log * known.valid).sum(axis=0) / np.maximum(seen, 1)
    crops = asked.curves.shape[1]
    slope, offset = np.polyfit(
        _transformed(known.crops[:, :1])[:, 0][known.valid], known.log[known.valid], 1
    )
    found = {
        "squared FFT of the crop": [],
        "squared FFT of the crop, fitted": [],
        "training mean": [],
    }
    for k in range(crops):
        log = _transformed(asked.crops[:, k : k + 1])[:, 0]
        found["squared FFT of the crop"].append(_masked(log, asked))
        found["squared FFT of the crop, fitted"].append(_masked(slope * log + offset, asked))
        found["training mean"].append(_masked(mean[None], asked))
    return {name: np.stack(values, axis=1) for name, values in found.items()}


def _transformed(crops: NDArray[np.uint8]) -> NDArray:
    """Return log10 of |FFT|^2 over its mean, of crops (n, 1, 96, 96)."""
    power = power_spectrum(crops[:, 0])
    q = q_polar()[0]
    place = (q > _ANNULUS[0]) & (q < _ANNULUS[1])
    mean = power[:, place].mean(axis=1)[:, None, None]
    return np.log10(np.clip(power / np.maximum(mean, 1e-12), *10.0 ** np.array(LOG_RANGE)))[:, None]


def _masked(log: NDArray, asked: Truths) -> Floats:
    wrong = np.abs(log - asked.log) * asked.valid
    return wrong.sum(axis=(1, 2)) / np.maximum(asked.valid.sum(axis=(1, 2)), 1)


@dataclass(frozen=True)
class Bootstrap:
    """A difference of two methods on the same films, and where it lies with 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


def bootstrap(statistic: Callable[..., float], *errors: Floats) -> Bootstrap:
    """Return a statistic of errors (films,) of the same films, and of 2,000 draws of films."""
    rng = np.random.default_rng(0)
    n = len(errors[0])
    draws = rng.integers(0, n, (_RESAMPLED, n))
    drawn = [statistic(*(e[rows] for e in errors)) for rows in draws]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Bootstrap(float(statistic(*errors)), float(low), float(high))
