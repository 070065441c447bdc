"""The interface that a plugin implements: a pair of modalities and the routes between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from xmodkit.errors import PluginError, UsageError
from xmodkit.modality import Array, Arrays, Field, Modality
from xmodkit.prediction import Derived, Prediction

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.evaluation import Evaluation, Figure
    from xmodkit.model import Model
    from xmodkit.studies import PairStudy

__all__ = [
    "Failure",
    "Generation",
    "ModalityPair",
    "Option",
    "Options",
    "Predictor",
    "Route",
    "Sample",
    "stored_options",
]

Options = Mapping[str, Any]


def stored_options(options: Options) -> dict[str, str]:
    """Return the options that are given, as texts: what a store says of them."""
    return {name: _text(value) for name, value in sorted(options.items()) if value is not None}


def _text(value: Any) -> str:
    """Return an option as it is typed: several values with spaces between."""
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


@dataclass(frozen=True)
class Sample:
    """One specimen: an id, the arrays of each modality it has, and what is known of it.

    `source` is the file it came from and `ordinal` its place there (a plate holds many).
    `groups` names what must stay on one side of a split (plate, composition, molecule);
    `position` is where on a plate, map or grid it lies. `coordinates` are those of axes that the
    modality leaves open, by axis name: the wavelengths at which this set was measured.
    """

    id: str
    arrays: Mapping[str, Arrays]
    source: str = ""
    ordinal: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    position: tuple[float, ...] | None = None
    notices: tuple[str, ...] = ()
    coordinates: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """An input that could not be read: which, and why on one line."""

    id: str
    source: str
    error: str
    ordinal: int = 0


@dataclass(frozen=True)
class Generation:
    """Made-up samples with what was predicted for them, and pictures of them by name.

    `write` writes the pair's own files (CIFs, tables), if it has any, into a folder that exists and
    returns them.
    `counts` says what became of all that was drawn, where not each is a sample: `duplicates`.
    """

    samples: Sequence[Sample]
    pictures: Mapping[str, Image.Image]
    write: Callable[[Path], Sequence[Path]] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One direction between two modalities.

    `kind` is `model` (a graph) or `fit` (a solver). `bounds` says what kind of bounds it gives: of
    one value (`interval`), of the mean over an ensemble (`ensemble`), both calibrated alike.
    `inputs` names further inputs of the graph, such as `seed`.
    """

    source: str
    target: str
    kind: Literal["model", "fit"] = "model"
    bounds: Literal["interval", "ensemble", "none"] = "interval"
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The route as people write it: `scan:absorption`."""
        return f"{self.source}:{self.target}"

    def tensor(self, field: str) -> str:
        """Return what a graph calls a predicted field: names are unique in a graph.

        A reconstruction has the same fields on both sides; all that comes out of it, also what the
        model adds to the target's fields, is `predicted_<field>`.
        """
        return f"predicted_{field}" if self.source == self.target else field


@dataclass(frozen=True)
class Option:
    """An option that a pair owns, and the commands it belongs to.

    One that may be given several times (`multiple`), or that takes several `values` at once, has
    a tuple as its value and its default.
    """

    name: str
    help: str
    type: Literal["text", "int", "float", "flag", "file"] = "text"
    default: Any = None
    commands: tuple[str, ...] = ("infer",)
    choices: tuple[str, ...] = ()
    multiple: bool = False
    values: int = 1

    @property
    def key(self) -> str:
        """The option's name as a keyword: `pitch_mm` for `--pitch-mm`."""
        return self.name.replace("-", "_")


class Predictor(Protocol):
    """Arrays in, prediction out: a loaded model file, or a pair's solver over model files."""

    @property
    def route(self) -> Route:
        """The direction it predicts."""
        ...

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The fields it takes."""
        ...

    @property
    def outputs(self) -> tuple[Field, ...]:
        """The fields it predicts."""
        ...

    @property
    def device(self) -> str:
        """The device that really runs it."""
        ...

    @property
    def identity(self) -> str:
        """A hash that changes whenever its answers may change."""
        ...

    def run(self, arrays: Arrays, **inputs: Array) -> Prediction:
        """Predict a batch: each array has a leading sample axis.

        Raise `DataError` if an array does not fit its field.
        """
        ...


class ModalityPair(ABC):
    """What a plugin supplies: modalities, routes, and how to read, derive, draw and simulate.

    Only `read` is required. `read` and `encode` run in threads and must not share state.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    modalities: ClassVar[tuple[Modality, ...]]
    routes: ClassVar[tuple[Route, ...]]
    options: ClassVar[tuple[Option, ...]] = ()
    suffixes: ClassVar[tuple[str, ...]] = ()
    raw_suffixes: ClassVar[tuple[str, ...]] = ()  # of further files that `ingest` reads
    split_by: ClassVar[str] = "sample"  # the group that stays in one part of a training's split
    averaged: ClassVar[str | None] = None  # the group whose rows average to one measurement
    batch_size: ClassVar[int] = 64  # rows predicted at once: fewer where each takes much memory

    def modality(self, name: str) -> Modality:
        """Return the modality of that name."""
        for modality in self.modalities:
            if modality.name == name:
                return modality
        raise UsageError(f"{self.name} has no modality {name!r}")

    def route(self, text: str | None = None) -> Route:
        """Return the route written as `source:target` (or `source->target`); the first if None.

        Raise `UsageError` listing the routes there are.
        """
        if text is None:
            return self.routes[0]
        written = text.replace("->", ":").strip()
        if written.endswith("-"):
            raise UsageError(
                f"route {text!r}: the shell took '>' for a redirect; quote it, or write "
                f"{written.rstrip('-')}:TARGET"
            )
        for route in self.routes:
            if route.name == written:
                return route
        names = ", ".join(route.name for route in self.routes)
        raise UsageError(f"{self.name} has no route {text!r}; it has {names}")

    # Reading

    @abstractmethod
    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the samples of one file, and a failure for what cannot be read."""

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        """Yield whole samples (every modality they have) of raw files that belong together.

        `paths` are files, in natural order: images, spectra, tables naming what belongs to what.
        What cannot be read is yielded as a failure. The same files must come in the same order
        with the same values, so that an interrupted run can be resumed.
        """
        raise PluginError(f"{self.name} cannot read raw pairs")

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        """Return the predictor's input rows for one sample: one, unless it has several sites."""
        return (sample.arrays[route.source],)

    def encoded(self, route: Route) -> tuple[Field, ...]:
        """Return the fields of the rows that `encode` returns: what a graph of the route takes."""
        return self.modality(route.source).fields

    def row_of(self, given: Any, route: Route) -> Arrays | None:
        """Return the predictor's input row for an object of another library; None: no such object.

        So that `xmodkit.load` takes what people have in hand. Raise `InputError` for an object that
        cannot be predicted from.
        """
        return None

    def suffixes_of(self, route: Route) -> tuple[str, ...]:
        """Return what files that hold a route's source end with, or are called as a whole."""
        return self.suffixes

    def configured(self, options: Options, predictor: Predictor) -> ModalityPair:
        """Return the pair set up for one predictor and for its options: itself if need be.

        What is read, encoded and derived may depend on both. Raise `UsageError` for options that
        contradict the predictor.
        """
        return self

    def preview(self, path: Path, route: Route, options: Options) -> Image.Image | None:
        """Draw what would be read from a file, e.g. the grid on a plate; None: draw its samples."""
        return None

    # Predicting

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped model file of a route (and of the condition the options name)."""
        raise PluginError(f"{self.name} ships no model for {route.name}; give one with --model")

    def predictor(
        self, route: Route, model: Path | None, device: str, options: Options
    ) -> Predictor:
        """Return the predictor of a route: the model file's, unless the pair solves it itself."""
        from xmodkit.predictor import ModelPredictor

        return ModelPredictor(model or self.model_file(route, options), device=device)

    def inputs(self, route: Route, options: Options) -> Arrays:
        """Return the further inputs that `Route.inputs` names, from the pair's own options."""
        return {}

    def outputs(self, route: Route, predictor: Predictor) -> tuple[Field, ...]:
        """Return the fields stored per sample: the predictor's, unless `combine` changes them."""
        return predictor.outputs

    def combine(
        self,
        samples: Sequence[Sample],
        rows: Prediction,
        owners: Sequence[int],
        route: Route,
        predictor: Predictor,
    ) -> Prediction:
        """Turn predicted rows into one prediction per sample; row i belongs to `owners[i]`.

        Where several rows average to one measurement, their mean half-width times
        `predictor.calibration.average.get(field, 1.0)` covers as stated.
        """
        return rows

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return the scalars that `derive` computes on this route."""
        return ()

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Compute physics from a batch of predicted (or measured) fields of the target.

        `fields` also holds the coordinates of their axes, by the axes' names. It may lack fields
        (of a truth, of a baseline): what they do not allow is left out.
        """
        return {}

    # Showing

    def write(self, sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
        """Write one sample's own files (CIFs, images) into a folder that exists; return them."""
        return ()

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
        """Draw one sample's card for the contact sheet; None: the pair has no pictures."""
        return None

    # Judging

    def truths(self, sample: Sample, route: Route) -> Arrays:
        """Return what was measured of a sample's target, as the route's model files predict it.

        Of equal shape for all samples; NaN where nothing was measured. `xmod calibrate` needs what
        has bounds: a pair whose models predict more than the target's fields computes it here.
        """
        return sample.arrays[route.target]

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return, by name, what is predicted for test samples without a network.

        Each holds some of the fields with a truth (samples, ...), fitted on training samples alone.
        """
        return {}

    def figures(self, evaluation: Evaluation) -> Iterator[Figure]:
        """Yield the pair's own figures of a judged run, with their numbers."""
        yield from ()

    # Making

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield simulated samples `start` to `start + n`; each depends on seed and number alone."""
        raise PluginError(f"{self.name} has no simulator")

    def generating(self) -> Route | None:
        """Return the route that `generate` takes if none is named: the first with more inputs."""
        return next((route for route in self.routes if route.inputs), None)

    def generate(self, predictor: Predictor, seed: int, options: Options) -> Generation:
        """Predict made-up samples of the predictor's route, as the options say.

        All samples hold the same of the route's two modalities: both, or what was made alone.
        """
        raise PluginError(f"{self.name} generates nothing")

    def column_names(self, field: Field) -> Sequence[str]:
        """Return a field's column names in a table: its coordinates, with their unit."""
        axis = field.axes[0]
        points = axis.coordinates or tuple(range(axis.size or 0))
        return [f"{field.name}_{point:.6g}{axis.unit}" for point in points]

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write example inputs into a folder and return their paths."""
        raise PluginError(f"{self.name} has no examples")

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures that `train --model` knows, by name (imports torch)."""
        return {}

    def studies(self) -> Mapping[str, PairStudy]:
        """Return the studies that `xmod study` runs for this pair, by name (imports no torch)."""
        return {}
