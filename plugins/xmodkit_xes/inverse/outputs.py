"""What the way back predicts: fields and derived scalars, with their units."""

from __future__ import annotations

from collections.abc import Mapping

from xmodkit.modality import Axis, Field
from xmodkit_xes.inverse.features import PARAMETERS, Features
from xmodkit_xes.inverse.fit import MINIMA

__all__ = ["SCALARS", "derived_fields", "output_fields"]

# Of every fit: the structure's parameters, what the instrument did, and what is left over.
SCALARS: Mapping[str, str] = {
    **PARAMETERS,
    "shift": "eV",
    "scale": "",
    "broadening": "eV",
    "misfit": "1",
}


def derived_fields(ensemble: bool = False) -> tuple[Field, ...]:
    """Return the scalars that the way back derives; with an ensemble the spreads besides."""
    units = dict(SCALARS)
    if ensemble:
        units |= {f"{name}_spread": unit for name, unit in PARAMETERS.items()}
    return tuple(Field(name, unit=unit) for name, unit in units.items())


def output_fields(curve: Field, features: Features, ensemble: bool) -> tuple[Field, ...]:
    """Return the fields of a prediction from curves such as `curve` (E,)."""
    k = Axis("component", len(features.basis))
    other = Axis("other_component", k.size)
    feature = Axis("feature", len(features.names))
    minimum = Axis("minimum", MINIMA)
    said = f"features: {', '.join(features.names)}"
    fields = [
        Field("latent", (k,), unit="1", long_name="latent scores t"),
        Field("latent_covariance", (k, other), unit="1", long_name="posterior covariance of t"),
        Field("features", (feature,), note=said, long_name="features of the structure found"),
        Field("feature_ratio", (feature,), note=said, long_name="posterior sd over prior sd"),
        Field("fitted", curve.axes, unit=curve.unit, long_name="fitted curve"),
        Field("minimum_latent", (minimum, k), unit="1", long_name="latent scores of minima"),
        Field("minimum_features", (minimum, feature), note=said, long_name="their features"),
        Field("minimum_weight", (minimum,), unit="1", long_name="share of the posterior"),
        Field("minimum_misfit", (minimum,), unit="1", long_name="chi squared per channel"),
    ]
    if ensemble:
        spread = "covariance of t over the ensemble"
        fields.append(Field("latent_spread", (k, other), unit="1", long_name=spread))
    if features.triatomic is not None:
        atoms, xyz = Axis("atom", 3), Axis("xyz", 3)
        fields += [
            Field("numbers", (atoms,), dtype="int32", long_name="atomic number"),
            Field("positions", (atoms, xyz), unit="angstrom", long_name="effective structure"),
        ]
    return tuple(fields)
