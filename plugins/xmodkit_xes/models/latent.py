"""What the bottleneck models share: a latent of k scores, and the route from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xmodkit.errors import UsageError
from xmodkit.modality import Array
from xmodkit.pair import Options, Route, Sample
from xmodkit_xes.models.blocks import Mlp
from xmodkit_xes.models.curves import CurveModel
from xmodkit_xes.models.heads import Novelty
from xmodkit_xes.models.search import subset

__all__ = ["FirstCopy", "FixedProjection", "LatentModel", "MeanOfCopies"]

_DEFAULT_K = 2
_DECODED = ("xes", "xas", "xps")  # the spectra that a fit can go back from
_CALIBRATED = 100  # rows, the fewest that say how wide a fit's bounds must be


class LatentModel(CurveModel):
    """A model with a bottleneck of `k` scores t.

    Its second route leads from t to the spectrum; with it go the features' names, means and
    scales, the prior of t and the decoder's error, which the way back from a spectrum needs.
    """

    hidden = (128,) * 4
    copies = 4  # starts side by side, of which the best is kept

    def __init__(self, k: int, **shape: Any) -> None:
        super().__init__(**shape)
        size = self.descriptor.size
        if not 1 <= k <= size:
            raise UsageError(f"--k {k}: 1 to {size} expected, the features of the descriptor")
        self.k = k
        if self.spectrum in _DECODED:
            self.routes = (*self.routes, f"latent:{self.spectrum}")
        self.prior = Novelty(k)
        self.networks["prior"] = self.prior

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return what all models need, and the number of scores: `--k`, 2 by default."""
        k = options.get("k")
        return {"k": _DEFAULT_K if k is None else int(k), **super().shape(route, sample, options)}

    def decoder(self, copies: int, *, smooth: bool = False) -> Mlp:
        """Return a new decoder from scores to the targets' components."""
        return Mlp((self.k, *self.hidden, len(self.targets.loadings)), copies, smooth=smooth)

    def basis(self) -> Tensor | None:
        """Return the vectors V (k, n) of standardised features, t = V x; None if not linear."""
        return None

    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Settle what a stage has learned, and fit the prior of t."""
        super().end(stage, arrays)
        if stage == self.learned.name:
            with torch.no_grad():
                self.prior.fit(self.encoder_module()(self.features(self._described(arrays))))

    def outputs_of(self, latent: Tensor) -> Tensor:
        """Return spectra (N, channels) of scores (N, k)."""
        spectra: Tensor = self.targets.undo(self.decoder_module()(latent))
        return spectra

    def graph(self, route: str) -> nn.Module:
        """Return clusters in, or scores in; the spectrum and more out."""
        if route == f"latent:{self.spectrum}" and route in self.routes:
            return _LatentToSpectrum(self)
        return super().graph(route)

    @torch.no_grad()
    def details(self, route: str, held: Sequence[Sample]) -> Mapping[str, Any]:
        """Return what the way back needs beside the decoder.

        `features` (names), `feature_mean`, `feature_scale`, `basis` (k, n; unless the encoder is
        not linear), `latent_mean`, `latent_covariance`, `residual` (sd per channel) and, from 100
        rows of a linear encoder on, `fit`: how wide the bounds of a fit must be.
        """
        if not route.startswith("latent:"):
            return {}
        x = self.standardised(held)
        latent = self.encoder_module()(x)
        truth = np.stack([sample.arrays[self.spectrum][self.spectrum] for sample in held])
        error = torch.from_numpy(truth) - self.outputs_of(latent)
        numbers = torch.from_numpy(np.stack([self._cluster(sample)[0] for sample in held]))
        found: dict[str, Any] = {
            "features": list(self.descriptor.labels(numbers)),
            "feature_mean": self.features.mean.tolist(),
            "feature_scale": self.features.scale.tolist(),
            "latent_mean": self.prior.mean.tolist(),
            "latent_covariance": self.prior.covariance.tolist(),
            "residual": (error**2).mean(dim=0).sqrt().tolist(),
        }
        basis = self.basis()
        if basis is None:
            return found
        found["basis"] = basis.tolist()
        if len(held) >= _CALIBRATED:
            found["fit"] = self._fit_details(found, truth, self.features.undo(x))
        return found

    def _fit_details(self, found: Mapping[str, Any], truth: Array, features: Tensor) -> Any:
        from xmodkit_xes.inverse.calibrate import calibrate_fit

        def decode(latent: Array) -> Array:
            with torch.no_grad():
                spectra = self.outputs_of(torch.from_numpy(np.asarray(latent, np.float32)))
            return spectra.double().numpy()

        return calibrate_fit(
            decode,
            found,
            np.array(self.energies),
            truth.astype(np.float64),
            features.double().numpy(),
            np.random.default_rng(0),
        )


class FirstCopy(nn.Module):
    """The first of several copies of a network side by side, as it is now, without the others."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = subset(network, torch.zeros(1, dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, m) of (N, n)."""
        first: Tensor = self.network(x)[0]
        return first


class MeanOfCopies(nn.Module):
    """The mean of several copies of a network side by side."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, m) of (N, n)."""
        mean: Tensor = self.network(x).mean(dim=0)
        return mean


class FixedProjection(nn.Module):
    """Scores t = V x (N, k) of standardised features (N, n)."""

    basis: Tensor

    def __init__(self, basis: Tensor) -> None:
        super().__init__()
        self.register_buffer("basis", basis)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (N, k) of features (N, n)."""
        return x @ self.basis.T


class _LatentToSpectrum(nn.Module):
    def __init__(self, model: LatentModel) -> None:
        super().__init__()
        self.spectrum, self.targets = model.spectrum, model.targets
        self.decoder, self.prior = model.decoder_module(), model.prior

    def forward(self, latent: Tensor) -> dict[str, Tensor]:
        spectrum = self.targets.undo(self.decoder(latent))  # (N, channels)
        return {self.spectrum: spectrum, "novelty": self.prior(latent)}
