"""The modalities of the pair: a crystal, its voxel images, a latent vector, and stability."""

from __future__ import annotations

from xmodkit.modality import Axis, Field, Modality

__all__ = [
    "CELL_SIZE",
    "CRYSTAL",
    "EDGE_A",
    "LATENT",
    "RECONSTRUCTION_ERROR",
    "SIGMA_A",
    "SIZE",
    "SLOTS",
    "STABILITY",
    "VOXELS",
]

# Published images: an atom is a Gaussian of this width; species lie in a cube of this edge.
SIGMA_A, EDGE_A = 0.26, 15.0
CELL_SIZE, SIZE = 32, 64
SLOTS = 5  # species that a crystal may have

_XYZ = Axis("xyz", 3)
_LAST_ELEMENT = 118

# What readers give and what is written as CIF.
CRYSTAL = Modality(
    "crystal",
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
            "fractional",
            (Axis("atom", pad=True), _XYZ),
            fill=0,
            long_name="position in units of the lattice vectors",
        ),
        Field("cell", (Axis("vector", 3), _XYZ), unit="angstrom", long_name="lattice vectors"),
    ),
)

# What networks see of it. Slots hold species by atomic number, ascending; one that is not used
# has number 0 and an empty image.
VOXELS = Modality(
    "voxels",
    (
        Field(
            "cell_image",
            (Axis("u", CELL_SIZE), Axis("v", CELL_SIZE), Axis("w", CELL_SIZE)),
            long_name="one atom in the middle of the cell, on a grid that the cell stretches",
        ),
        Field(
            "species",
            (Axis("slot", SLOTS),),
            dtype="int32",
            valid_range=(0, _LAST_ELEMENT),
            fill=0,
            long_name="atomic number of each slot",
        ),
        Field(
            "species_images",
            (Axis("slot", SLOTS), Axis("x", SIZE), Axis("y", SIZE), Axis("z", SIZE)),
            long_name="atoms of each slot in a cube of 15 A",
        ),
    ),
)

LATENT = Modality("latent", (Field("latent", (Axis("component"),), long_name="latent vector"),))

STABILITY = Modality(
    "stability",
    (
        Field(
            "stability",
            (),
            valid_range=(0, 1),
            long_name="probability that the energy of formation lies below the model's threshold",
        ),
        Field(
            "formation_energy",
            (),
            unit="eV/atom",
            long_name="energy of formation, as the training data count it",
        ),
    ),
)

RECONSTRUCTION_ERROR = Field(
    "reconstruction_error", (), long_name="root mean square error of the voxels, out of 1"
)
