"""The losses of PairVAE, as published. Source: Lu & Jayaraman, JACS Au 3, 2510 (2023)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xmodkit_saxs_sem.models.pairvae.encoder import Posterior

__all__ = [
    "SIMILARITIES",
    "PairLosses",
    "barlow",
    "binary_nll",
    "divergence",
    "picture_error",
    "simclr",
]

_OFF_DIAGONAL = 0.005
_TEMPERATURE = 0.1


def picture_error(picture: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Return the mean squared error of pictures (N, 3, S, S) over measured pixels.

    `truth` and `valid` are (N, S, S).
    """
    squares = (picture - truth[:, None]).square() * valid[:, None]
    return squares.sum() / (picture.shape[1] * valid.sum().clamp(min=1.0))


def binary_nll(logit: Tensor, field: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of binary pixels (N, S, S)."""
    return nn.functional.binary_cross_entropy_with_logits(logit, field)


def divergence(posterior: Posterior, latent: Tensor) -> Tensor:
    """Return the divergence from N(0, 1), estimated at one sample (N, 32, n, n) of the posterior.

    Summed over channels, averaged over places and rows.
    """
    standard = (latent - posterior.mean) / posterior.scale
    log_ratio = (latent.square() - standard.square()) / 2 - posterior.scale.log()
    return log_ratio.sum(dim=1).mean()


def barlow(first: Tensor, second: Tensor) -> Tensor:
    """Return how far the cross-correlation of two latents (N, k) is from the identity.

    Both parts are means: of the diagonal, and of everything else, which counts 0.005. Source:
    Zbontar et al., ICML 2021, arXiv:2103.03230.
    """
    n, size = first.shape
    correlation = _standard(first).T @ _standard(second) / n
    diagonal = correlation.diagonal()
    others = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().mean() + _OFF_DIAGONAL * others / (size * (size - 1))


def simclr(first: Tensor, second: Tensor) -> Tensor:
    """Return the cross-entropy of finding each row's partner among all, both ways.

    Source: Chen et al., ICML 2020, arXiv:2002.05709; temperature 0.1.
    """
    first, second = (nn.functional.normalize(z, dim=1) for z in (first, second))
    alike = first @ second.T / _TEMPERATURE
    partner = torch.arange(len(first), device=first.device)
    entropy = nn.functional.cross_entropy
    return (entropy(alike, partner) + entropy(alike.T, partner)) / 2


SIMILARITIES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "barlow": barlow,
    "simclr": simclr,
}


@dataclass(frozen=True)
class PairLosses:
    """The weighted sum of pair training; it has no term of divergence."""

    similarity: Callable[[Tensor, Tensor], Tensor]

    def __call__(
        self,
        latents: tuple[Tensor, Tensor],
        pictures: tuple[Tensor, Tensor],
        logits: tuple[Tensor, Tensor],
        truths: tuple[Tensor, Tensor, Tensor],
    ) -> Tensor:
        """Return the loss of a batch.

        `latents`, `pictures` and `logits` are each of SAXS, then of SEM latents; `truths` are the
        picture, its measured pixels and the crop. A single row has nothing to differ from.
        """
        picture, valid, crop = truths
        alike = crop.new_zeros(())
        if len(crop) > 1:
            alike = self.similarity(latents[0].flatten(1), latents[1].flatten(1))
        return (
            5e-3 * alike
            + 4e-2 * picture_error(pictures[0], picture, valid)
            + 4e-1 * binary_nll(logits[0], crop)
            + 4e-2 * binary_nll(logits[1], crop)
            + 1.0 * picture_error(pictures[1], picture, valid)
        )


def _standard(latent: Tensor) -> Tensor:
    """Return columns of mean 0 and variance 1 over the batch; no small number is added."""
    centred = latent - latent.mean(dim=0)
    return centred / centred.square().mean(dim=0).sqrt()
