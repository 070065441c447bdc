"""What is derived of a predicted morphology or pattern: spacing, orientation, order, defects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from xmodkit.modality import Array, Arrays, Field
from xmodkit.pair import Route
from xmodkit.prediction import Derived
from xmodkit_saxs_sem.modalities import AREA_FRACTION, ENSEMBLE, LOG_INTENSITY, TWO_POINT

__all__ = ["derive", "derived_fields"]

# In an image of 384 nm: more than any wave has singularities.
_MOST_DEFECTS = 1000.0
_SPACING = Field("domain_spacing", unit="nm", long_name="period of the domains")
_IMAGE = (
    Field(
        AREA_FRACTION,
        unit="1",
        valid_range=(0, 1),
        long_name="area fraction of the bright phase",
    ),
    _SPACING,
    Field(
        "orientation",
        unit="deg",
        long_name="direction of the wave vector, counterclockwise from +x, up to a half turn",
    ),
    Field(
        "orientation_order",
        unit="1",
        valid_range=(0, 1),
        long_name="order: 1 parallel lines, 0 no direction",
    ),
    Field(
        "defect_density",
        unit="1/um2",
        valid_range=(0, _MOST_DEFECTS),
        long_name="dislocations of the lines per area",
    ),
)
_PATTERN = (Field("peak_q", unit="1/nm", long_name="q of the principal peak"), _SPACING)
_UNORDERED = 0.3  # order below which waves run every way, as in lattices of dots
_FIELDS: Mapping[str, tuple[Field, ...]] = {"saxs:sem": _IMAGE, "sem:saxs": _PATTERN}


def derived_fields(route: Route) -> tuple[Field, ...]:
    """Return the scalars of a route; reconstructions have none."""
    return _FIELDS.get(route.name, ())


def derive(fields: Arrays, route: Route) -> Mapping[str, Derived]:
    """Return the scalars of a batch (n, ...) of predicted or measured fields.

    Those of images are medians (area fraction, orientation and order: means) over the members of
    the ensemble (n, m, y, x) if there is one, else those of the micrograph (n, y, x). What the
    fields do not allow is left out. What has no period has no spacing, orientation, order or
    defects, and what runs every way no orientation: NaN, `none`.
    """
    values = {"saxs:sem": _of_images, "sem:saxs": _of_patterns}.get(route.name, _nothing)(fields)
    found = {}
    for field in derived_fields(route):
        if field.name in values:
            value = values[field.name].astype(np.float32)
            status = np.where(np.isfinite(value), "value", "none")
            found[field.name] = Derived(value, unit=field.unit, status=status)
    if "orientation" in found:  # where lines run every way, their mean direction says little
        strength = np.nan_to_num(values["orientation_order"])
        found["orientation"] = replace(found["orientation"], strength=strength)
    return found


def _nothing(fields: Arrays) -> dict[str, Array]:
    return {}


def _of_images(fields: Arrays) -> dict[str, Array]:
    """Return what images show, each (n,), over members; of S(r) alone the area fraction."""
    from xmodkit_saxs_sem.metrics.morphology import derive_morphology
    from xmodkit_saxs_sem.metrics.orientation import axial_degrees

    if ENSEMBLE.name in fields:
        ensembles = fields[ENSEMBLE.name]  # (n, m, y, x)
    elif "micrograph" in fields:
        ensembles = fields["micrograph"][:, None]
    else:
        curves = fields.get(TWO_POINT.name)
        return {} if curves is None else {AREA_FRACTION: curves[:, 0]}
    found = [derive_morphology(members) for members in ensembles]
    columns = {name: np.stack([each[name] for each in found]) for name in found[0]}
    director = columns["director"]
    mean = _mean(director)
    mean = np.where(np.abs(mean) < _UNORDERED, np.nan, mean)
    return {
        AREA_FRACTION: columns[AREA_FRACTION].mean(axis=1),
        "domain_spacing": _median(columns["domain_spacing"]),
        "orientation": axial_degrees(mean),
        "orientation_order": _mean(np.abs(director)),
        "defect_density": _median(columns["defect_density"]),
    }


def _of_patterns(fields: Arrays) -> dict[str, Array]:
    """Return what frames on the models' grid show, each (n,)."""
    from xmodkit_saxs_sem.metrics.spectrum import peak_q

    if "intensity" in fields:
        intensity = fields["intensity"]
    elif LOG_INTENSITY.name in fields:
        intensity = 10.0 ** fields[LOG_INTENSITY.name]
    else:
        return {}
    known = np.isfinite(intensity)
    if "mask" in fields:
        known &= fields["mask"] != 0
    q, _ = peak_q(np.where(known, intensity, 0), known.astype(np.float32))
    return {"peak_q": q, "domain_spacing": 2 * np.pi / q}


def _mean(values: Array) -> Array:
    """Return means over members (n, m) that are no NaN; NaN where these are not most of them."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1)
    found: Array = np.where(2 * count > values.shape[1], total, np.nan)
    return found


def _median(values: Array) -> Array:
    """Return medians over members (n, m) that are no NaN; NaN where these are not most of them.

    Spacing and defects are skewed: a few members without order would carry their mean off.
    """
    most = 2 * np.isfinite(values).sum(axis=1) > values.shape[1]
    found: Array = np.full(len(values), np.nan)
    found[most] = np.nanmedian(values[most], axis=1)
    return found
