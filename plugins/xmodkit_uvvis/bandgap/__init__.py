"""The optical band gap of absorption spectra: a Tauc segmentation, batched, in numpy alone."""

from xmodkit_uvvis.bandgap.gap import Gap, Kind, band_gap, band_gaps
from xmodkit_uvvis.bandgap.text import format_gap

__all__ = ["Gap", "Kind", "band_gap", "band_gaps", "format_gap"]
