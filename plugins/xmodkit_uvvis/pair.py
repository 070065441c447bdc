"""The pair scan <-> absorption: a scanner image becomes an absorption spectrum and a band gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xmodkit.modality import Arrays, Field
from xmodkit.pair import Failure, ModalityPair, Option, Options, Route, Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit_uvvis.modalities import (
    ABSORPTION,
    ENERGY_EV,
    GAP_FIELDS,
    SCAN,
    VISIBLE_FROM_EV,
)

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.model import Model

__all__ = ["UvVis"]

_WEIGHTS = Path(__file__).parent / "weights"


class UvVis(ModalityPair):
    """Scanner images and UV-vis absorption spectra of thin films (Stein et al. 2019)."""

    name = "uvvis"
    summary = "scanner image -> UV-vis absorption spectrum and band gap"
    modalities = (SCAN, ABSORPTION)
    routes = (Route("scan", "absorption"),)
    suffixes = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".h5", ".hdf5")
    options = (
        Option("grid", "Cut plates into ROWSxCOLS cells, e.g. 7x4."),
        Option("region", "Part of the plate the grid covers: x0,y0,x1,y1 in pixels."),
        Option("pitch-mm", "Cut plates at this spacing, in mm (needs the scan's dpi).", "float"),
        Option("dpi", "Resolution of the scan, where the file does not say.", "float"),
        Option("plate", "The inputs are plates: find their regular grid.", "flag", False),
        Option("plate-map", "CSV naming the samples of a plate.", "file"),
        Option("margin", "Trim this fraction off each side of each cell.", "float", 0.0),
        Option("max-pixels", "Refuse images of more pixels.", "int", 300_000_000),
        Option(
            "lamp",
            "The scanner's lamp.",
            default="led",
            commands=("simulate",),
            choices=("led", "fluorescent", "halogen"),
        ),
    )

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the crops of an image file or plate, or the rows of a published HDF5 file."""
        from xmodkit_uvvis.reading import read_file

        return read_file(path, options)

    def preview(self, path: Path, route: Route, options: Options) -> Image.Image | None:
        """Draw the grid on a plate; a single crop as it is read."""
        from PIL import Image

        from xmodkit_uvvis.reading import draw_grid, is_plate, lay_grid, read_scan

        scan = read_scan(path, options)
        if not is_plate(options):
            return Image.fromarray(scan.pixels)
        grid, _ = lay_grid(scan, options)
        return draw_grid(scan.pixels, grid)

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped model file."""
        return _WEIGHTS / f"{route.source}-{route.target}.onnx"

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the direct and the indirect band gap."""
        return GAP_FIELDS if route.target == "absorption" else ()

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Read both band gaps off a batch of spectra."""
        from xmodkit_uvvis.bandgap import band_gaps

        if route.target != "absorption":
            return {}
        absorption = fields["absorption"]
        gaps = band_gaps(ENERGY_EV, absorption).values()
        strength = absorption.max(axis=1)
        return {
            field.name: Derived(gap.value, unit="eV", status=gap.status, strength=strength)
            for field, gap in zip(GAP_FIELDS, gaps, strict=True)
        }

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
        """Draw the crop, the spectrum with its bounds, and the gaps."""
        from xmodkit_uvvis.cards import draw_card

        return draw_card(sample, prediction)

    def column_names(self, field: Field) -> Sequence[str]:
        """Name spectrum columns by energy; those that no RGB sensor sees say `inferred`."""
        return [
            f"{field.name}_{energy:.3f}eV" + ("_inferred" if energy < VISIBLE_FROM_EV else "")
            for energy in ENERGY_EV
        ]

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated scans and spectra of oxide libraries."""
        from xmodkit_uvvis.simulator import SimulatorOptions, simulate

        chosen = SimulatorOptions(lamp=options.get("lamp", "led"))
        return simulate(n, seed, start=start, options=chosen)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write simulated example scans as PNG files."""
        from xmodkit_uvvis.examples import write_examples

        return write_examples(folder)

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures `train --model` knows."""
        from xmodkit_uvvis.models import MODELS

        return MODELS
