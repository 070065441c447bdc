"""What is fitted to a measured curve: latent scores, and what the instrument did to the curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xmodkit.errors import UsageError
from xmodkit_xes.inverse.distortion import Distortion, Floats

__all__ = ["NUISANCES", "Problem", "Unknowns", "fixed_of"]

NUISANCES = ("shift", "scale", "broadening", "background")

# Prior standard deviations: energy axes agree within half an eV, lines broaden by up to 0.3 eV,
# and what the area leaves open of the scale is 20 %.
SHIFT_EV = 0.5
VARIANCE_EV2 = 0.3**2
LOG_SCALE = 0.2
# Of each polynomial of the background, relative to the mean curve's maximum.
BACKGROUND = 0.03
# Central differences through a float32 graph: truncation and rounding are alike, 1e-5.
_STEP = 1e-2


def fixed_of(text: str | None) -> frozenset[str]:
    """Return the nuisances that `--fix shift,scale` names; raise `UsageError` for others."""
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    if wrong := names - {*NUISANCES}:
        raise UsageError(
            f"--fix {','.join(sorted(wrong))}: not one of {', '.join(NUISANCES)}; name those that "
            "are known, separated by commas"
        )
    return names


@dataclass(frozen=True)
class Unknowns:
    """What is asked for: its prior, the curve it makes, and the parameters that it fixes.

    `decode` turns (N, k) into curves (N, E), `parameters` into values (N,) by name. `fold` returns
    the same structures in their one standard form; `decode` gives equal curves for both.
    """

    decode: Callable[[Floats], Floats]
    mean: Floats
    covariance: Floats
    parameters: Callable[[Floats], Mapping[str, Floats]]
    fold: Callable[[Floats], Floats]

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.mean)

    @cached_property
    def root(self) -> Floats:
        """The Cholesky factor of the prior covariance."""
        return np.asarray(np.linalg.cholesky(self.covariance))

    def draw(self, n: int, rng: np.random.Generator, spread: float = 1.0) -> Floats:
        """Return n draws (n, k) of the prior, `spread` times as wide as it is, folded."""
        steps = spread * rng.standard_normal((n, self.size))
        return self.fold(self.mean + steps @ self.root.T)


@dataclass(frozen=True)
class Problem:
    """A model of measured curves: scale * broadened(decoded), shifted, plus background and error.

    A point (P,) holds the unknowns, then shift (eV), variance (eV^2) and log scale. `error` (E,)
    is the decoder's own independent error, `shapes` (q, E) the correlated part of it. What is in
    `fixed` stays as it is: no shift, no broadening, scale 1, no background.
    """

    unknowns: Unknowns
    energies: Floats
    error: Floats
    shapes: Floats
    fixed: Set[str] = frozenset()

    @cached_property
    def distortion(self) -> Distortion:
        """Shift and broadening on the decoder's grid."""
        return Distortion(self.energies)

    @cached_property
    def mean_curve(self) -> Floats:
        """The curve (E,) at the prior's mean."""
        return np.asarray(self.unknowns.decode(self.unknowns.mean[None])[0])

    @cached_property
    def modes(self) -> Floats:
        """Linear contributions (q, E) that are marginalised: shapes of error, then background."""
        if "background" in self.fixed:
            return self.shapes
        place = np.linspace(-1, 1, len(self.energies))
        height = BACKGROUND * np.abs(self.mean_curve).max()
        return np.concatenate([self.shapes, height * np.stack([np.ones_like(place), place])])

    @cached_property
    def centre(self) -> Floats:
        """The prior's mean (P,)."""
        return np.append(self.unknowns.mean, np.zeros(3))

    @cached_property
    def free(self) -> Floats:
        """1 for what is fitted and 0 for what is fixed, (P,)."""
        nuisances = [name not in self.fixed for name in ("shift", "broadening", "scale")]
        return np.append(np.ones(self.unknowns.size), nuisances)

    @cached_property
    def prior(self) -> Floats:
        """The prior's precision (P, P)."""
        k = self.unknowns.size
        precision = np.zeros((k + 3, k + 3))
        precision[:k, :k] = np.linalg.inv(self.unknowns.covariance)
        spread = np.array([SHIFT_EV, VARIANCE_EV2, LOG_SCALE])
        precision[range(k, k + 3), range(k, k + 3)] = 1 / spread**2
        return precision

    def clamp(self, points: Floats) -> Floats:
        """Return points (N, P) with a variance of at least 0, and what is fixed as it is."""
        points = np.where(self.free > 0, points, self.centre)
        variance = self.unknowns.size + 1
        points[:, variance] = np.maximum(points[:, variance], 0)
        return points

    def curves(self, points: Floats) -> Floats:
        """Return the curves (N, E) of points (N, P), without background."""
        latent, (shift, variance, scale) = self._split(points)
        decoded = self.unknowns.decode(latent)
        return np.asarray(np.exp(scale)[:, None] * self.distortion(decoded, shift, variance))

    def with_jacobian(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the curves (N, E) of points (N, P) and their Jacobian (N, P, E)."""
        latent, (shift, variance, scale) = self._split(points)
        n, k = latent.shape
        steps = _STEP * self.unknowns.root.T  # along each, the prior is alike
        ways = np.concatenate([np.zeros((1, k)), steps, -steps])
        around = self.unknowns.decode((latent[:, None] + ways).reshape(-1, k))
        around = around.reshape(n, 1 + 2 * k, -1)
        slopes = (around[:, 1 : k + 1] - around[:, k + 1 :]) / (2 * _STEP)
        by_latent = np.einsum("kj,nje->nke", np.linalg.inv(self.unknowns.root).T, slopes)
        height = np.exp(scale)[:, None]
        curve, by_shift, by_variance = self.distortion.with_slopes(around[:, 0], shift, variance)
        moved = self.distortion(by_latent, *(x[:, None].repeat(k, 1) for x in (shift, variance)))
        rest = np.stack([by_shift, by_variance, curve], axis=1)
        jacobian = height[..., None] * np.concatenate([moved, rest], axis=1)
        return height * curve, jacobian * self.free[:, None]

    def _split(self, points: Floats) -> tuple[Floats, Floats]:
        k = self.unknowns.size
        return points[:, :k], points[:, k:].T
