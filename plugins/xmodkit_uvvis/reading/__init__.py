"""Readers of the uvvis pair: scanner images, whole plates, spectra, the published HDF5 layout."""

from xmodkit_uvvis.reading.files import SUFFIXES, read_file, read_scan
from xmodkit_uvvis.reading.grid import Cell, Grid, cut
from xmodkit_uvvis.reading.plate import draw_grid, is_plate, lay_grid
from xmodkit_uvvis.reading.platemap import MappedSample, read_plate_map
from xmodkit_uvvis.reading.published import read_published
from xmodkit_uvvis.reading.spectra import SpectrumFile, read_spectrum

__all__ = [
    "SUFFIXES",
    "Cell",
    "Grid",
    "MappedSample",
    "SpectrumFile",
    "cut",
    "draw_grid",
    "is_plate",
    "lay_grid",
    "read_file",
    "read_plate_map",
    "read_published",
    "read_scan",
    "read_spectrum",
]
