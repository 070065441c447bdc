"""The pair structure <-> X-ray spectrum: spectra of every absorbing site, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodkit.errors import PluginError
from xmodkit.modality import Arrays, Field
from xmodkit.pair import Failure, ModalityPair, Options, Predictor, Route, Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.structures.files import STRUCTURE_SUFFIXES
from xmodkit_xes.combine import combine_sites, site_fields
from xmodkit_xes.modalities import CLUSTER, CONFORMERS, LATENT, SPECTRA, STRUCTURE
from xmodkit_xes.options import OPTIONS, absorber_of, default_element
from xmodkit_xes.reading.raw import RAW_SUFFIXES
from xmodkit_xes.reading.spectra import SPECTRUM_SUFFIXES

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.evaluation import Evaluation, Figure
    from xmodkit.model import Model
    from xmodkit.studies import PairStudy
    from xmodkit_xes.inverse.features import Features

__all__ = ["Xes"]

_WEIGHTS = Path(__file__).parent / "weights"


class Xes(ModalityPair):
    """Atomic structures and X-ray spectra of one kind of atom in them (Passilahti et al. 2024).

    `windows` are those of a spectrum whose moments are derived (none: its absorber's own),
    `element` is that of a model's absorbers, `energies` are those on which a fit takes a curve,
    `features` are what its scores say; they come with `configured`.
    """

    name = "xes"
    summary = "atomic structure -> X-ray emission and absorption spectra, and back by a fit"
    modalities = (STRUCTURE, CONFORMERS, *SPECTRA, LATENT)
    routes = (
        *(Route("structure", kind.name) for kind in SPECTRA),
        Route("xes", "structure", kind="fit"),
        Route("xas", "structure", kind="fit"),
        *(Route("latent", kind, bounds="none") for kind in ("xes", "xas", "xps")),
    )
    options = OPTIONS
    suffixes = (*STRUCTURE_SUFFIXES, *SPECTRUM_SUFFIXES)
    raw_suffixes = RAW_SUFFIXES
    split_by = "unit"
    averaged = "structure"

    def __init__(self, options: Options | None = None, predictor: Predictor | None = None) -> None:
        from xmodkit_xes.windows import windows_of

        given = options or {}
        self.windows = windows_of(given)
        self.ensemble = bool(given.get("ensemble"))
        metadata = getattr(predictor, "metadata", None)
        self.element: str | None = None if metadata is None else metadata.condition.get("absorber")
        self.energies: tuple[float, ...] | None = None
        self.features: Features | None = None
        if predictor is not None and predictor.route.kind == "fit":
            self.energies = predictor.inputs[0].axes[0].coordinates
            self.features = getattr(predictor, "features", None)
        elif predictor is not None and predictor.route.source == "structure":
            absorber_of(predictor.route, given, self.element)

    def configured(self, options: Options, predictor: Predictor) -> Xes:
        """Return the pair for the element and the energies of a model, and for chosen windows.

        Raise `UsageError` if `--absorber` names another element than the model's.
        """
        return Xes(options, predictor)

    # Reading

    def suffixes_of(self, route: Route) -> tuple[str, ...]:
        """Return the suffixes of structures, or those of spectra."""
        return STRUCTURE_SUFFIXES if route.source == "structure" else SPECTRUM_SUFFIXES

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the structures of a file with their absorbing atoms, or its measured spectra."""
        from xmodkit_xes.reading.spectra import read_spectra
        from xmodkit_xes.reading.structures import read_structures

        if route.source != "structure":
            return read_spectra(path, route, options)
        return read_structures(path, absorber_of(route, options, self.element))

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        """Yield structures with their spectra: published sets, or tables that name files."""
        from xmodkit_xes.reading.raw import read_raw

        return read_raw(paths, options)

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        """Return the cluster around each absorbing atom; of a spectrum, what its fit takes."""
        if route.kind == "fit":
            from xmodkit_xes.inverse import encode_curve

            energies = self.energies or sample.coordinates[f"{route.source}_energy"]
            return [encode_curve(sample, route, options, np.array(energies))]
        if route.source != "structure":
            return super().encode(sample, route, options)
        from xmodkit_xes.reading.clusters import clusters

        return clusters(sample.arrays["structure"])

    def encoded(self, route: Route) -> tuple[Field, ...]:
        """Return the fields of a cluster, of a curve with its weights, or of the source."""
        if route.source == "structure":
            return CLUSTER.fields
        (field,) = fields = super().encoded(route)
        if route.kind == "model":
            return fields
        from xmodkit_xes.inverse.encode import weight_field

        return field, weight_field(field)

    def preview(self, path: Path, route: Route, options: Options) -> Image.Image | None:
        """Draw the structures of a file, their absorbing atoms ringed, or its curves."""
        from xmodkit_xes.preview import draw_preview

        return draw_preview(self.read(path, route, options), route)

    # Predicting

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped file of a route and an absorbing element.

        A fit rests on the decoder of its spectra. Raise `PluginError` naming the elements for
        which there is one.
        """
        source, target = route.source, route.target
        if route.kind == "fit":
            source, target = "latent", route.source
        element = absorber_of(route, options).element or default_element(route)
        path = _WEIGHTS / f"{source}-{target}-{element}.onnx"
        if path.is_file():
            return path
        shipped = sorted(p.stem.split("-")[-1] for p in _WEIGHTS.glob(f"{source}-{target}-*.onnx"))
        if not shipped:
            return super().model_file(route, options)
        raise PluginError(
            f"{self.name} ships no model for {route.name} of {element}, but of "
            f"{', '.join(shipped)}; give --absorber {shipped[0]}, or a file with --model"
        )

    def predictor(
        self, route: Route, model: Path | None, device: str, options: Options
    ) -> Predictor:
        """Return the predictor of a model file, or the fit that rests on one."""
        if route.kind == "model":
            return super().predictor(route, model, device, options)
        from xmodkit_xes.inverse import InversePredictor

        file = model or self.model_file(route, options)
        return InversePredictor(file, device, options.get("fix"), bool(options.get("ensemble")))

    def outputs(self, route: Route, predictor: Predictor) -> tuple[Field, ...]:
        """Return the spectrum, its sites' spectra and their atoms; else the predictor's fields."""
        if route.source != "structure":
            return predictor.outputs
        return site_fields(predictor.outputs[0])

    def combine(
        self,
        samples: Sequence[Sample],
        rows: Prediction,
        owners: Sequence[int],
        route: Route,
        predictor: Predictor,
    ) -> Prediction:
        """Average the sites of each structure."""
        if route.source != "structure":
            return rows
        calibration = getattr(predictor, "calibration", None)
        factor = 1.0 if calibration is None else calibration.average.get(route.target, 1.0)
        return combine_sites(samples, rows, owners, factor)

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the moments of each window of a predicted spectrum; what a fit finds."""
        if route.kind == "fit":
            from xmodkit_xes.inverse import derived_fields

            return derived_fields(self.ensemble)
        from xmodkit_xes.windows import moment_fields

        return moment_fields(route.target, self.element or default_element(route), self.windows)

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Compute the moments of each window of a batch of spectra."""
        from xmodkit_xes.windows import derive_moments

        kind = route.target
        if f"{kind}_energy" not in fields:
            return {}
        energy = fields[f"{kind}_energy"]
        return derive_moments(kind, self.element, energy, fields[kind], self.windows)

    # Showing

    def write(self, sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
        """Write a spectrum and those of its sites as columns of text; of a fit, all it found."""
        if self.features is not None:
            from xmodkit_xes.inverse import write_fit

            return write_fit(sample, prediction, self.features, folder)
        from xmodkit_xes.column_files import write_columns

        return write_columns(sample, prediction, folder)

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
        """Draw the structure beside its spectrum; of a fit, the curve beside what it says."""
        if self.features is not None:
            from xmodkit_xes.inverse import draw_fit

            return draw_fit(sample, prediction, self.features)
        if route.source != "structure":
            return None
        from xmodkit_xes.cards import draw_card

        return draw_card(sample, prediction, route.target)

    def column_names(self, field: Field) -> Sequence[str]:
        """Name a spectrum's columns by energy, to the meV."""
        axis = field.axes[0]
        if not axis.name.endswith("_energy") or axis.coordinates is None:
            return super().column_names(field)
        return [f"{field.name}_{energy:.3f}eV" for energy in axis.coordinates]

    # Judging

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return spectra by ridge regression and by neighbours of radial distributions."""
        from xmodkit_xes.report import radial_baselines

        if route.source != "structure":
            return {}
        found = radial_baselines(route.target, training, test)
        return {name: {route.target: spectra} for name, spectra in found.items()}

    def figures(self, evaluation: Evaluation) -> Iterator[Figure]:
        """Yield errors per energy, spectra from best to worst, and moments."""
        from xmodkit_xes.report import xes_figures

        return xes_figures(evaluation)

    # Making

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated structures with their spectra."""
        from xmodkit_xes.simulator import simulate

        return simulate(n, seed, options, start)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write example structures: molecules and crystals."""
        from xmodkit_xes.examples import write_examples

        return write_examples(folder)

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures that `train --model` knows."""
        from xmodkit_xes.models import MODELS

        return MODELS

    def studies(self) -> Mapping[str, PairStudy]:
        """Return the study of components."""
        from xmodkit_xes.study.offer import COMPONENTS

        return {"components": COMPONENTS}
