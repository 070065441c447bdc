"""Cells and their canonical form: one crystal for all descriptions of it."""

from xmodkit_crystal.geometry.canonical import canonical
from xmodkit_crystal.geometry.metric import cell_of_metric, cell_of_parameters, standard_orientation
from xmodkit_crystal.geometry.primitive import primitive

__all__ = [
    "canonical",
    "cell_of_metric",
    "cell_of_parameters",
    "primitive",
    "standard_orientation",
]
