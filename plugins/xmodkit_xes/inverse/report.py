"""What a fit found, as plain values: for the JSON file beside the store, and for the card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xmodkit.modality import Array
from xmodkit.pair import Sample
from xmodkit.places import own_place, said_source
from xmodkit.prediction import Derived, Prediction
from xmodkit.replacing import replacing
from xmodkit_xes.inverse.features import Features

__all__ = ["NOT_FIXED", "described_fit", "described_minima", "write_fit"]

NOT_FIXED = "not fixed by this spectrum"
_FOLDER = "fits"
_SOURCE = "source"


def write_fit(
    sample: Sample, prediction: Prediction, features: Features, folder: Path
) -> Sequence[Path]:
    """Write `fits/<id>.json` below a folder and return its path.

    It holds what `described_fit` returns. Two samples of one name get two files.
    """
    values = described_fit(sample, prediction, features)
    place = own_place(
        folder / _FOLDER,
        sample.id,
        ".json",
        lambda text: json.loads(text).get(_SOURCE) == values[_SOURCE],
    )
    place.parent.mkdir(exist_ok=True)
    with replacing(place) as partial:
        partial.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return (place,)


def described_fit(sample: Sample, prediction: Prediction, features: Features) -> dict[str, Any]:
    """Return all that a fit says of one sample (not batched) as plain JSON values.

    What is not known is null; a scalar that the curve does not fix says so in words.
    """
    fields = prediction.fields
    energies = fields["fitted"].axes[-1].coordinates or ()
    described: dict[str, Any] = {
        "id": sample.id,
        _SOURCE: said_source(sample),
        "bounds": str(prediction.bounds_source),
        "novel": bool(np.any(prediction.novel)),
        "scalars": {name: _scalar(value) for name, value in prediction.derived.items()},
        "latent": _bounded(prediction, "latent"),
        "latent_covariance": _plain(fields["latent_covariance"].value),
        "features": {"names": list(features.names), **_bounded(prediction, "features")},
        "posterior sd over prior sd": dict(
            zip(features.names, _plain(fields["feature_ratio"].value), strict=True)
        ),
        "distances / angstrom": features.distances(fields["features"].value),
        "minima": described_minima(prediction, features),
        "fitted": {"energy_eV": list(energies), "value": _plain(fields["fitted"].value)},
    }
    if "latent_spread" in fields:
        described["latent covariance over the ensemble"] = _plain(fields["latent_spread"].value)
    if "positions" in fields:
        described["effective structure"] = {
            "numbers": _plain(fields["numbers"].value),
            "positions / angstrom": _plain(fields["positions"].value),
        }
    return described


def described_minima(prediction: Prediction, features: Features) -> list[dict[str, Any]]:
    """Return every minimum of one sample, the most probable first."""
    fields = prediction.fields
    rows = fields["minimum_features"].value
    found = np.isfinite(fields["minimum_weight"].value)
    return [
        {
            "weight": float(fields["minimum_weight"].value[i]),
            "misfit": float(fields["minimum_misfit"].value[i]),
            "latent": _plain(fields["minimum_latent"].value[i]),
            "features": _plain(rows[i]),
            "parameters": {n: float(v) for n, v in features.parameters(rows[i]).items()},
        }
        for i in np.flatnonzero(found)
    ]


def _scalar(scalar: Derived) -> dict[str, Any]:
    fixed = str(scalar.status) != "none"
    ends = (scalar.lower, scalar.upper)
    lower, upper = (None if end is None else _plain(end) for end in ends)
    value = _plain(scalar.value) if fixed else None
    says = {} if fixed else {"says": NOT_FIXED}
    return {"value": value, "lower": lower, "upper": upper, "unit": scalar.unit, **says}


def _bounded(prediction: Prediction, name: str) -> dict[str, Any]:
    value = prediction.fields[name]
    parts = {"value": value.value, "lower": value.lower, "upper": value.upper}
    return {part: _plain(array) for part, array in parts.items() if array is not None}


def _plain(array: Array) -> Any:
    """Return an array as nested lists, what is not finite as None."""
    if array.ndim == 0:
        number = array.item()
        return number if np.isfinite(number) else None
    return [_plain(row) for row in array]
