"""The pair scan <-> absorption: a scanner image becomes an absorption spectrum and a band gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xmodkit.modality import Arrays, Field
from xmodkit.pair import (
    Failure,
    Generation,
    ModalityPair,
    Option,
    Options,
    Predictor,
    Route,
    Sample,
)
from xmodkit.prediction import Derived, Prediction
from xmodkit_uvvis.generate_options import GENERATE_OPTIONS
from xmodkit_uvvis.modalities import (
    ABSORPTION,
    ENERGY_EV,
    GAP_FIELDS,
    LATENT,
    REFLECTANCE,
    SCAN,
    VISIBLE_FROM_EV,
)
from xmodkit_uvvis.read_options import READ_OPTIONS

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.evaluation import Evaluation, Figure
    from xmodkit.model import Model

__all__ = ["UvVis"]

_WEIGHTS = Path(__file__).parent / "weights"


class UvVis(ModalityPair):
    """Scanner images and UV-vis absorption spectra of thin films (Stein et al. 2019)."""

    name = "uvvis"
    summary = "scanner image -> UV-vis absorption spectrum and band gap"
    modalities = (SCAN, ABSORPTION, REFLECTANCE, LATENT)
    routes = (
        Route("scan", "absorption"),
        Route("absorption", "scan", bounds="none", inputs=("latent",)),
        Route("scan", "scan", bounds="none"),
        Route("scan", "latent", bounds="none"),
    )
    suffixes = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".h5", ".hdf5")
    raw_suffixes = (".csv", ".tsv", ".txt", ".dat", ".npz")
    split_by = "plate"
    options = (
        *READ_OPTIONS,
        Option(
            "lamp",
            "The scanner's lamp.",
            default="led",
            commands=("simulate",),
            choices=("led", "fluorescent", "halogen"),
        ),
        *GENERATE_OPTIONS,
    )

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the crops of an image file or plate, or the rows of a published HDF5 file."""
        from xmodkit_uvvis.reading import read_file

        return read_file(path, options)

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        """Yield scans with their spectra, paired by tables, names of files or plate maps."""
        from xmodkit_uvvis.reading.raw import read_raw

        return read_raw(paths, options)

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
        """Return the shipped model file; raise `PluginError` if none is shipped for the route."""
        path = _WEIGHTS / f"{route.source}-{route.target}.onnx"
        return path if path.is_file() else super().model_file(route, options)

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
        """Draw what went in beside what came out."""
        from xmodkit_uvvis.cards import draw_card
        from xmodkit_uvvis.route_cards import draw_generated, draw_latent, draw_reconstruction

        if route.target == "latent":
            return draw_latent(sample, prediction)
        if route.target == "scan":
            draw = draw_reconstruction if route.source == "scan" else draw_generated
            return draw(sample, prediction)
        return draw_card(sample, prediction)

    def column_names(self, field: Field) -> Sequence[str]:
        """Name spectrum columns by energy; those that no RGB sensor sees say `inferred`."""
        if field.axes[0].name != "energy":
            return super().column_names(field)
        return [
            f"{field.name}_{energy:.3f}eV" + ("_inferred" if energy < VISIBLE_FROM_EV else "")
            for energy in ENERGY_EV
        ]

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return spectra by a quadratic ridge on mean RGB."""
        from xmodkit_uvvis.report import mean_rgb_baseline

        if route.name != "scan:absorption":
            return {}
        return {"mean RGB ridge": {"absorption": mean_rgb_baseline(training, test)}}

    def figures(self, evaluation: Evaluation) -> Iterator[Figure]:
        """Yield the figures of Stein et al. 2019."""
        from xmodkit_uvvis.report import uvvis_figures

        return uvvis_figures(evaluation)

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated scans and spectra of oxide libraries."""
        from xmodkit_uvvis.simulator import SimulatorOptions, simulate

        chosen = SimulatorOptions(lamp=options.get("lamp", "led"))
        return simulate(n, seed, start=start, options=chosen)

    def generate(self, predictor: Predictor, seed: int, options: Options) -> Generation:
        """Draw scans of made-up sigmoid spectra: inflection up the rows, slope along columns."""
        from xmodkit_uvvis.generate import generate

        return generate(predictor, seed, options)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write simulated example scans as PNG files."""
        from xmodkit_uvvis.examples import write_examples

        return write_examples(folder)

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures `train --model` knows."""
        from xmodkit_uvvis.models import MODELS

        return MODELS
