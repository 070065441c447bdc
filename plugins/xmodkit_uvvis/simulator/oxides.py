"""Metal oxides as a scanned library holds them: gaps, index, strength and sub-gap bands.

Rounded literature values of thin films and powders at room temperature. They say which colours
and edges occur together; a simulated sample scatters about them (see `materials`).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OXIDES", "Band", "Oxide"]


@dataclass(frozen=True)
class Band:
    """A Gaussian absorption band below the edge: defect, d-d or intervalence transition.

    `centre` and `width` (standard deviation) in eV, `strength` at the peak in 1/um.
    """

    centre: float
    width: float
    strength: float


@dataclass(frozen=True)
class Oxide:
    """One metal's oxide: direct and indirect gap in eV, absorption strength in 1/um, UV index.

    `strength` is the absorption coefficient 1 eV above the direct gap; `index` the refractive
    index that transitions above 8 eV give, so below that of the whole material.
    """

    name: str
    direct: float
    indirect: float | None
    strength: float
    index: float
    bands: tuple[Band, ...] = ()

    @property
    def coloured(self) -> bool:
        """Whether a film of it shows colour: an edge or a strong band in the visible."""
        edge = self.direct if self.indirect is None else self.indirect
        return edge < 3.0 or any(band.strength > 0.4 for band in self.bands)


OXIDES: dict[str, Oxide] = {
    # Coloured or dark
    "Fe": Oxide("Fe2O3", 2.15, None, 11.0, 2.2, (Band(1.45, 0.16, 0.25),)),
    "Co": Oxide("Co3O4", 2.05, None, 9.0, 2.1, (Band(1.55, 0.22, 3.5), Band(1.35, 0.1, 0.8))),
    "Cu": Oxide("CuO", 2.05, 1.35, 8.0, 2.2, (Band(1.60, 0.30, 0.5),)),
    "Mn": Oxide("Mn2O3", 1.90, 1.25, 8.0, 2.0, (Band(2.45, 0.45, 1.5),)),
    "Ni": Oxide("NiO", 3.55, None, 9.0, 2.0, (Band(2.75, 0.65, 1.6), Band(1.75, 0.35, 0.9))),
    "Cr": Oxide("Cr2O3", 3.05, None, 6.0, 2.1, (Band(2.08, 0.16, 0.9), Band(2.70, 0.18, 1.2))),
    "V": Oxide("V2O5", 2.45, 2.20, 10.0, 1.9, (Band(1.35, 0.25, 0.15),)),
    "Bi": Oxide("Bi2O3", 2.80, 2.60, 9.0, 2.1),
    "Pb": Oxide("PbO", 2.65, 2.00, 8.0, 2.1),
    "Ag": Oxide("Ag2O", 2.20, 1.35, 7.0, 2.1, (Band(2.85, 0.25, 3.0),)),
    "Pd": Oxide("PdO", 2.10, None, 10.0, 2.1, (Band(1.60, 0.25, 0.6),)),
    "Rh": Oxide("Rh2O3", 1.25, None, 9.0, 2.1),
    "Ru": Oxide("RuO2", 1.20, None, 8.0, 1.9, (Band(1.20, 0.40, 3.0),)),
    "Pr": Oxide("Pr6O11", 2.25, None, 6.0, 1.9, (Band(1.80, 0.35, 0.8),)),
    "Tb": Oxide("Tb4O7", 2.50, None, 5.0, 1.9, (Band(2.05, 0.40, 1.2),)),
    "W": Oxide("WO3", 3.15, 2.70, 8.0, 2.0, (Band(1.40, 0.30, 0.3),)),
    "Mo": Oxide("MoO3", 3.20, 2.95, 8.0, 1.9, (Band(1.50, 0.30, 0.5),)),
    "Ce": Oxide("CeO2", 3.20, 2.90, 8.0, 2.1),
    "In": Oxide("In2O3", 3.55, 2.80, 7.0, 1.9),
    # Wide gap: next to colourless
    "Ti": Oxide("TiO2", 3.45, 3.15, 9.0, 2.2),
    "Zn": Oxide("ZnO", 3.28, None, 9.0, 1.8),
    "Sn": Oxide("SnO2", 3.65, None, 8.0, 1.9),
    "Nb": Oxide("Nb2O5", 3.55, 3.30, 8.0, 2.1),
    "Ta": Oxide("Ta2O5", 4.00, None, 8.0, 2.0),
    "Sb": Oxide("Sb2O4", 3.50, 3.10, 7.0, 2.0),
    "Ga": Oxide("Ga2O3", 4.70, None, 8.0, 1.8),
    "Zr": Oxide("ZrO2", 5.10, None, 8.0, 2.0),
    "La": Oxide("La2O3", 5.20, None, 7.0, 1.8),
    "Y": Oxide("Y2O3", 5.50, None, 7.0, 1.8),
    "Gd": Oxide("Gd2O3", 5.30, None, 7.0, 1.8),
    "Sr": Oxide("SrO", 5.70, None, 7.0, 1.7),
    "Ca": Oxide("CaO", 6.30, None, 7.0, 1.7),
    "Mg": Oxide("MgO", 6.50, None, 7.0, 1.7),
    "Al": Oxide("Al2O3", 6.50, None, 7.0, 1.65),
    "Nd": Oxide("Nd2O3", 4.70, None, 7.0, 1.8, (Band(2.12, 0.03, 0.12), Band(1.66, 0.03, 0.1))),
    "Er": Oxide("Er2O3", 5.00, None, 7.0, 1.8, (Band(2.37, 0.02, 0.12), Band(1.89, 0.02, 0.1))),
}
