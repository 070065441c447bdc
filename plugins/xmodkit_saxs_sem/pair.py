"""The pair SAXS <-> SEM: a scattering frame becomes plausible images, a micrograph scattering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xmodkit.modality import Arrays, Field
from xmodkit.pair import Failure, Generation, ModalityPair, Options, Predictor, Route, Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit_saxs_sem.modalities import LATENT, PHI, SAXS, SEM
from xmodkit_saxs_sem.options import OPTIONS
from xmodkit_saxs_sem.reading.files import SUFFIXES, read_file, suffixes_of

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.evaluation import Evaluation, Figure
    from xmodkit.model import Model

__all__ = ["SaxsSem"]

_WEIGHTS = Path(__file__).parent / "weights"


class SaxsSem(ModalityPair):
    """Scattering and micrographs of block-copolymer films (Lu and Jayaraman 2023)."""

    name = "saxs-sem"
    summary = "SAXS frame -> SEM-like images with their statistics, and micrograph -> SAXS"
    modalities = (SAXS, SEM, LATENT)
    routes = (
        Route("saxs", "sem", bounds="ensemble", inputs=("seed", "spread")),
        Route("sem", "saxs"),
        Route("saxs", "saxs", bounds="none"),
        Route("sem", "sem", bounds="none"),
    )
    options = OPTIONS
    suffixes = SUFFIXES
    batch_size = 8  # each has an ensemble of images

    # Reading

    def suffixes_of(self, route: Route) -> tuple[str, ...]:
        """Return the suffixes of frames, or those of micrographs."""
        return suffixes_of(route)

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the frames of a file, or its micrographs without their info bars."""
        return read_file(path, route, options)

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        """Yield frames with their micrographs: folders paired by order, or tables of pairs."""
        from xmodkit_saxs_sem.reading.raw import read_raw

        return read_raw(paths, options)

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        """Return what a graph takes: of a frame on the first route also the bright phase's share.

        Raise `InputError` for a frame that shows nothing where the models look, and for a
        micrograph smaller than they look at.
        """
        from xmodkit_saxs_sem.encode import encode

        return [encode(sample, route, options)]

    def encoded(self, route: Route) -> tuple[Field, ...]:
        """Return the fields of the source, and the bright phase's share on the first route."""
        fields = super().encoded(route)
        return (*fields, PHI) if route.name == "saxs:sem" else fields

    def preview(self, path: Path, route: Route, options: Options) -> Image.Image | None:
        """Draw the frames of a file with rings of q, or its micrographs as they are cut."""
        from xmodkit_saxs_sem.pictures.preview import draw_preview

        return draw_preview(self.read(path, route, options))

    # Predicting

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped model file; raise `PluginError` if none is shipped for the route."""
        path = _WEIGHTS / f"{route.source}-{route.target}.onnx"
        return path if path.is_file() else super().model_file(route, options)

    def inputs(self, route: Route, options: Options) -> Arrays:
        """Return the seeds of an ensemble's members and how far they spread."""
        from xmodkit_saxs_sem.options.ensemble import Ensemble

        return Ensemble.parse(options).inputs() if route.inputs else {}

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return what describes a predicted morphology, or a predicted pattern."""
        from xmodkit_saxs_sem.derived import derived_fields

        return derived_fields(route)

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Compute it of a batch: of images as means over their ensembles, if there are any."""
        from xmodkit_saxs_sem.derived import derive

        return derive(fields, route)

    # Showing

    def write(self, sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
        """Write images as PNG with their curves as CSV, frames as columns of text."""
        from xmodkit_saxs_sem.output_files import write_files

        return write_files(sample, prediction, folder)

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
        """Draw what went in beside what came out."""
        from xmodkit_saxs_sem.pictures import cards, route_cards

        draw = {
            "saxs:sem": cards.draw_morphology,
            "sem:saxs": route_cards.draw_scattering,
            "saxs:saxs": route_cards.draw_rebuilt_frame,
            "sem:sem": route_cards.draw_rebuilt_image,
        }
        return draw[route.name](sample, prediction)

    # Judging

    def truths(self, sample: Sample, route: Route) -> Arrays:
        """Return the log intensity on the models' grid, or the statistics of a crop.

        Raise `MissingExtraError` without torch, which binarises and resamples as models do.
        """
        from xmodkit_saxs_sem.calibrating import measured_truth

        return measured_truth(sample, route)

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return what Fourier transforms and the nearest training sample predict."""
        from xmodkit_saxs_sem.report import saxs_sem_baselines

        return saxs_sem_baselines(route, training, test)

    def figures(self, evaluation: Evaluation) -> Iterator[Figure]:
        """Yield the figures of Lu and Jayaraman 2023."""
        from xmodkit_saxs_sem.report import saxs_sem_figures

        return saxs_sem_figures(evaluation)

    # Making

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated films with a frame and a micrograph each."""
        from xmodkit_saxs_sem.simulator import simulate

        return simulate(n, seed, options, start)

    def generate(self, predictor: Predictor, seed: int, options: Options) -> Generation:
        """Draw many images that explain one frame."""
        from xmodkit_saxs_sem.generate import generate

        return generate(self, predictor, seed, options)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write example frames and micrographs."""
        from xmodkit_saxs_sem.examples import write_examples

        return write_examples(folder)

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures that `train --model` knows."""
        from xmodkit_saxs_sem.models import MODELS

        return MODELS
