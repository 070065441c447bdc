"""The pair crystal <-> latent: structures become vectors, and vectors crystals again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmodkit.modality import Arrays, Field
from xmodkit.pair import Failure, Generation, ModalityPair, Options, Predictor, Route, Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.structures.files import STRUCTURE_SUFFIXES
from xmodkit_crystal.modalities import CRYSTAL, LATENT, STABILITY, VOXELS
from xmodkit_crystal.options import LONGEST_EDGE_A, OPTIONS, symmetrize_tolerance
from xmodkit_crystal.reading.raw import RAW_SUFFIXES
from xmodkit_crystal.simulator.simulate import LONGEST_A, MOST_ATOMS

if TYPE_CHECKING:
    from PIL import Image

    from xmodkit.evaluation import Evaluation, Figure
    from xmodkit.model import Model

__all__ = ["CrystalPair"]

_WEIGHTS = Path(__file__).parent / "weights"
_IMAGES = frozenset(field.name for field in VOXELS.fields)
# Model files keep the words of the version that wrote them.
_SAID = {field.name: field.long_name for field in STABILITY.fields}


class CrystalPair(ModalityPair):
    """Crystals, their latent vectors and their stability (Noh et al. 2019).

    `longest_edge` is that of cells that the predictor's model takes, in A. With `symmetrize`, in A,
    crystals that come back are idealised to the symmetry that they have within it.
    """

    name = "crystal"
    summary = "crystal structure -> latent vector and stability, and back to a crystal"
    modalities = (CRYSTAL, LATENT, STABILITY)
    routes = (
        Route("crystal", "latent"),
        Route("crystal", "crystal", bounds="none"),
        Route("latent", "crystal", bounds="none"),
        Route("latent", "stability"),
    )
    options = OPTIONS
    suffixes = STRUCTURE_SUFFIXES
    raw_suffixes = RAW_SUFFIXES
    split_by = "material"
    batch_size = 16  # each has five images of 64^3 voxels

    def __init__(
        self, longest_edge: float = LONGEST_EDGE_A, symmetrize: float | None = None
    ) -> None:
        self.longest_edge = longest_edge
        self.symmetrize = symmetrize

    def configured(self, options: Options, predictor: Predictor) -> CrystalPair:
        """Return the pair for the limits of a model.

        Raise `UsageError` for `symmetrize` where no crystal comes back, or if it is no distance.
        """
        metadata = getattr(predictor, "metadata", None)
        limit = None if metadata is None else metadata.condition.get("longest_edge")
        longest = LONGEST_EDGE_A if limit is None else float(limit)
        return CrystalPair(longest, symmetrize_tolerance(options, predictor))

    # Reading

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        """Yield the crystals of a file."""
        from xmodkit_crystal.reading.crystals import read_crystals

        return read_crystals(path)

    def ingest(self, paths: Sequence[Path], options: Options) -> Iterator[Sample | Failure]:
        """Yield the crystals of published sets, or of structure files."""
        from xmodkit_crystal.reading.raw import read_raw

        most_atoms = int(options.get("max_atoms") or MOST_ATOMS)
        return read_raw(paths, most_atoms, float(options.get("max_edge") or LONGEST_A))

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        """Return the voxel images of a crystal, or a latent vector as it is.

        Raise `InputError` for a crystal that does not fit the images.
        """
        from xmodkit_crystal.encode import encode_crystal
        from xmodkit_crystal.reading.arrays import to_crystal

        if route.source != "crystal":
            return super().encode(sample, route, options)
        return [encode_crystal(to_crystal(sample.arrays["crystal"]), self.longest_edge)]

    def row_of(self, given: Any, route: Route) -> Arrays | None:
        """Return the voxel images of a pymatgen `Structure`, ASE `Atoms` or a `Crystal`.

        Raise `InputError` for one that cannot be predicted from, and for anything else.
        """
        from xmodkit_crystal.convert import crystal_from
        from xmodkit_crystal.encode import encode_crystal

        if route.source != "crystal":
            return None
        return encode_crystal(crystal_from(given), self.longest_edge)

    def encoded(self, route: Route) -> tuple[Field, ...]:
        """Return the fields of voxel images, or a latent vector."""
        return VOXELS.fields if route.source == "crystal" else super().encoded(route)

    def preview(self, path: Path, route: Route, options: Options) -> Image.Image | None:
        """Draw the crystals of a file; latents have no picture."""
        from xmodkit_crystal.pictures.preview import draw_preview

        return draw_preview(self.read(path, route, options)) if route.source == "crystal" else None

    # Predicting

    def model_file(self, route: Route, options: Options) -> Path:
        """Return the shipped model file; raise `PluginError` if none is shipped for the route."""
        path = _WEIGHTS / f"{route.source}-{route.target}.onnx"
        return path if path.is_file() else super().model_file(route, options)

    def outputs(self, route: Route, predictor: Predictor) -> tuple[Field, ...]:
        """Return atoms and a cell in place of predicted images."""
        told = [
            replace(field, long_name=_SAID.get(field.name, field.long_name))
            for field in predictor.outputs
            if field.name not in _IMAGES
        ]
        return (*CRYSTAL.fields, *told) if route.target == "crystal" else tuple(told)

    def combine(
        self,
        samples: Sequence[Sample],
        rows: Prediction,
        owners: Sequence[int],
        route: Route,
        predictor: Predictor,
    ) -> Prediction:
        """Turn predicted images into crystals, and compare them with those that were given."""
        if route.target != "crystal":
            return rows
        from xmodkit_crystal.decode import atom_width, decoded
        from xmodkit_crystal.derived import compare
        from xmodkit_crystal.reading.arrays import to_crystal

        told = {name: value for name, value in rows.fields.items() if name not in _IMAGES}
        found = decoded(rows.fields, atom_width(predictor), self.symmetrize)
        derived = dict(rows.derived)
        if route.source == "crystal":
            given = [to_crystal(sample.arrays["crystal"]) for sample in samples]
            derived |= compare(given, {name: value.value for name, value in found.items()})
        return replace(rows, fields={**found, **told}, derived=derived)

    def derived(self, route: Route) -> tuple[Field, ...]:
        """Return what describes a crystal that was predicted, and how it fits the given one."""
        from xmodkit_crystal.derived import COMPARED, DERIVED

        if route.target != "crystal":
            return ()
        return (*COMPARED, *DERIVED) if route.source == "crystal" else DERIVED

    def derive(self, fields: Arrays, route: Route) -> Mapping[str, Derived]:
        """Compute it of a batch of crystals."""
        from xmodkit_crystal.derived import derive

        return derive(fields) if route.target == "crystal" else {}

    # Showing

    def write(self, sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
        """Write a predicted crystal as CIF."""
        from xmodkit_crystal.output_files import write_cif

        return write_cif(sample, prediction, folder)

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image | None:
        """Draw what went in beside what came out."""
        from xmodkit_crystal.pictures.cards import draw_card

        return draw_card(sample, prediction, route)

    # Judging

    def baselines(
        self, route: Route, training: Sequence[Sample], test: Sequence[Sample]
    ) -> Mapping[str, Arrays]:
        """Return energies that follow from the formula alone."""
        from xmodkit_crystal.report import crystal_baselines

        return crystal_baselines(route, training, test)

    def figures(self, evaluation: Evaluation) -> Iterator[Figure]:
        """Yield figures of energies, stability, latents and crystals that came back."""
        from xmodkit_crystal.report import crystal_figures

        return crystal_figures(evaluation)

    # Making

    def simulate(self, n: int, seed: int, options: Options, start: int = 0) -> Iterator[Sample]:
        """Yield crystals made by substitution into known structure types."""
        from xmodkit_crystal.simulator.simulate import simulate_options

        return simulate_options(n, seed, options, start)

    def generating(self) -> Route:
        """Return the route whose latents are made up."""
        return self.route("latent:crystal")

    def generate(self, predictor: Predictor, seed: int, options: Options) -> Generation:
        """Decode latents at random, or between two crystals, and rank the crystals they hold."""
        from xmodkit_crystal.generate.generate import generate

        return generate(self, predictor, seed, options)

    def examples(self, folder: Path) -> Sequence[Path]:
        """Write example crystals as CIF files."""
        from xmodkit_crystal.examples import write_examples

        return write_examples(folder)

    def models(self) -> Mapping[str, type[Model]]:
        """Return the architectures that `train --model` knows."""
        from xmodkit_crystal.models import MODELS

        return MODELS
