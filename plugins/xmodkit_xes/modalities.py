"""The modalities of the pair: atomic structure, four kinds of X-ray spectra, and latent scores."""

from __future__ import annotations

from xmodkit.modality import Axis, Field, Modality

__all__ = [
    "CLUSTER",
    "CLUSTER_RADIUS_A",
    "CONFORMERS",
    "LATENT",
    "SPECTRA",
    "STRUCTURE",
    "XANES",
    "XAS",
    "XES",
    "XPS",
]

# Atoms beyond do not reach the model: every descriptor is cut off smoothly within.
CLUSTER_RADIUS_A = 6.0

_XYZ = Axis("xyz", 3)
_LAST_ELEMENT = 118

STRUCTURE = Modality(
    "structure",
    (
        Field(
            "numbers",
            (Axis("atom", pad=True),),
            dtype="int32",
            valid_range=(0, _LAST_ELEMENT),
            fill=0,
            long_name="atomic number",
        ),
        Field(
            "positions",
            (Axis("atom", pad=True), _XYZ),
            unit="angstrom",
            fill=0,
            long_name="Cartesian position",
        ),
        Field(
            "cell",
            (Axis("vector", 3), _XYZ),
            unit="angstrom",
            long_name="lattice vectors; a zero vector where the structure is not periodic",
        ),
        Field(
            "sites",
            (Axis("site", pad=True),),
            dtype="int32",
            fill=-1,
            long_name="index of each absorbing atom",
        ),
    ),
)

# What a graph takes: the atoms around one absorber, which is the first of them and the origin;
# the others by distance. Padding has number 0 and lies at the origin.
CLUSTER = Modality("cluster", (STRUCTURE.field("numbers"), STRUCTURE.field("positions")))

# Further geometries of the same molecule, each a cluster: training sees them all.
CONFORMERS = Modality(
    "conformers",
    (
        Field(
            "conformer_numbers",
            (Axis("conformer", pad=True), Axis("atom", pad=True)),
            dtype="int32",
            valid_range=(0, _LAST_ELEMENT),
            fill=0,
        ),
        Field(
            "conformer_positions",
            (Axis("conformer", pad=True), Axis("atom", pad=True), _XYZ),
            unit="angstrom",
            fill=0,
        ),
    ),
)


def _spectrum(name: str, long_name: str) -> Modality:
    """Return a modality of curves; each data set has energies of its own."""
    axis = Axis(f"{name}_energy", unit="eV")
    return Modality(name, (Field(name, (axis,), long_name=long_name),))


XES = _spectrum("xes", "X-ray emission")
XANES = _spectrum("xanes", "X-ray absorption near the edge, normalised")
XAS = _spectrum("xas", "X-ray absorption")
XPS = _spectrum("xps", "X-ray photoemission")
SPECTRA = (XES, XANES, XAS, XPS)

# How many scores there are belongs to the model that makes them.
LATENT = Modality(
    "latent", (Field("latent", (Axis("latent"),), unit="1", long_name="latent scores t"),)
)
