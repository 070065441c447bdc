"""The sites of a structure make its spectrum: their mean, with bounds of a mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array, Axis, Field
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value

__all__ = ["SITE_ATOMS", "combine_sites", "site_fields"]

_SITE = Axis("site", pad=True)
SITE_ATOMS = Field(
    "site_atoms", (_SITE,), "int32", fill=-1, long_name="index of each absorbing atom"
)


def site_fields(field: Field) -> tuple[Field, ...]:
    """Return the fields stored of a spectrum: itself, its sites' spectra, and their atoms."""
    sites = replace(
        field,
        name=f"{field.name}_sites",
        axes=(_SITE, *field.axes),
        fill=float("nan"),
        long_name=f"{field.long_name}, site by site",
    )
    return field, sites, SITE_ATOMS


def combine_sites(
    samples: Sequence[Sample], rows: Prediction, owners: Sequence[int], factor: float = 1.0
) -> Prediction:
    """Return one prediction per structure from one row per site; row i belongs to `owners[i]`.

    The spectrum is the sites' mean, its half-widths the mean of theirs, times `factor` (as
    calibrated for means) where there are several. Novelty is that of the most novel site; one
    novel site leaves the mean without bounds. Latent scores are the sites' mean.
    """
    counts = np.bincount(owners, minlength=len(samples))
    sites = _Sites(counts)
    name, value = next(iter(rows.fields.items()))
    fields = {
        name: _averaged(value, sites, np.where(counts > 1, factor, 1.0)[:, None]),
        f"{name}_sites": _ragged(value, sites),
        SITE_ATOMS.name: _atoms(samples, sites),
    }
    return replace(
        rows,
        fields=fields,
        novelty=None if rows.novelty is None else np.maximum.reduceat(rows.novelty, sites.first),
        novel=None if rows.novel is None else np.logical_or.reduceat(rows.novel, sites.first),
        latent=None if rows.latent is None else sites.mean(rows.latent),
        bounds_source=None if rows.bounds_source is None else sites.source(rows.bounds_source),
    )


class _Sites:
    """Rows of sites that follow one another, structure by structure."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self.counts = counts
        self.first = np.cumsum(counts) - counts
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._place = np.arange(len(self._owner)) - self.first[self._owner]

    def mean(self, rows: Array) -> Array:
        """Return the mean (structure, ...) of each structure's rows, of the rows' dtype."""
        total = np.add.reduceat(rows, self.first, axis=0, dtype=np.float64)
        return np.asarray(total / self.counts[:, None], rows.dtype)

    def spread(self, rows: Array, fill: float) -> Array:
        """Return rows as (structure, site, ...), filled up where there are fewer sites."""
        shape = (len(self.counts), int(self.counts.max()), *rows.shape[1:])
        padded = np.full(shape, fill, rows.dtype)
        padded[self._owner, self._place] = rows
        return padded

    def source(self, sources: NDArray[np.str_]) -> NDArray[np.str_]:
        """Return where each structure's bounds come from: `none` if one site has none."""
        missing = np.logical_or.reduceat(sources == "none", self.first)
        return np.where(missing, "none", sources[self.first])


def _averaged(value: Value, sites: _Sites, factors: Array) -> Value:
    mean = sites.mean(value.value)
    if value.lower is None or value.upper is None:
        return replace(value, value=mean)
    below = factors * sites.mean(value.value - value.lower)
    above = factors * sites.mean(value.upper - value.value)
    kind = mean.dtype
    return replace(
        value, value=mean, lower=(mean - below).astype(kind), upper=(mean + above).astype(kind)
    )


def _ragged(value: Value, sites: _Sites) -> Value:
    """Return the sites' curves as (structure, site, energy), NaN where there are fewer sites."""
    lower, upper = (
        None if bound is None else sites.spread(bound, np.nan)
        for bound in (value.lower, value.upper)
    )
    points = np.full_like(sites.counts, value.value.shape[1])
    return replace(
        value,
        value=sites.spread(value.value, np.nan),
        lower=lower,
        upper=upper,
        axes=(_SITE, *value.axes),
        shape=np.stack([sites.counts, points], axis=1).astype(np.int32),
    )


def _atoms(samples: Sequence[Sample], sites: _Sites) -> Value:
    given = [sample.arrays["structure"]["sites"] for sample in samples]
    rows = np.concatenate([atoms[atoms >= 0] for atoms in given]).astype(np.int32)
    shape = sites.counts[:, None].astype(np.int32)
    return Value(sites.spread(rows, SITE_ATOMS.fill), axes=SITE_ATOMS.axes, shape=shape)
