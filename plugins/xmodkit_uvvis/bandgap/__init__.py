"""The optical band gap of absorption spectra: a Tauc segmentation, batched, in numpy alone."""

from xmodkit_uvvis.bandgap.gap import Gap, Kind, band_gap, band_gaps

__all__ = ["Gap", "Kind", "band_gap", "band_gaps"]
