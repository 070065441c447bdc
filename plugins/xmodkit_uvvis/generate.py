"""Generate scans of made-up spectra: the grid of Fig. 7 of Stein et al. 2019. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.modality import Array, Arrays
from xmodkit.pair import Generation, Options, Predictor, Sample
from xmodkit.predictor import ModelPredictor
from xmodkit_uvvis.generate_options import GridOptions
from xmodkit_uvvis.generation_plot import Panel, draw_panels
from xmodkit_uvvis.modalities import ENERGY_EV

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_generation_grid", "generate", "latent_points", "sigmoid_spectra"]


def generate(predictor: Predictor, seed: int, options: Options) -> Generation:
    """Generate scans of a grid of sigmoid spectra from every latent point asked for."""
    model, grid = _generator(predictor), GridOptions.parse(options)
    samples: list[Sample] = []
    pictures: dict[str, Image.Image] = {}
    for number, latent in enumerate(latent_points(model, grid, seed)):
        panels = _panels(model, grid, latent)
        pictures[f"grid-{number + 1}"] = _draw(panels, f"latent {number + 1} of {grid.latents}")
        samples += [sample for panel in panels for sample in _samples(panel, number, latent, seed)]
    return Generation(samples, pictures)


def draw_generation_grid(
    predictor: Predictor, grid: GridOptions | None = None, latent: Array | None = None
) -> Image.Image:
    """Draw scans of sigmoid spectra from one latent (the file's default if None), RGB.

    One panel per maximum, the spectra beside each row. Raise `UsageError` unless `predictor` is a
    model file of the route absorption:scan.
    """
    model = _generator(predictor)
    latent = _stored_latents(model)[0] if latent is None else latent
    return _draw(_panels(model, grid or GridOptions(), latent), "")


def sigmoid_spectra(inflections: Array, slopes: Array, maximum: float) -> NDArray[np.float32]:
    """Return spectra (rows, columns, 220): sigmoids in energy, the largest value `maximum`.

    1 / (1 + exp(-slope (E - inflection))), inflections (rows,) in eV and slopes (columns,) in
    1/eV, each curve divided by its own largest value within the energies.
    """
    distance = ENERGY_EV - inflections[:, None, None]  # (rows, 1, 220)
    curves = 1 / (1 + np.exp(-slopes[:, None] * distance))  # (rows, columns, 220)
    scaled: NDArray[np.float32] = (maximum * curves / curves.max(axis=-1, keepdims=True)).astype(
        np.float32
    )
    return scaled


def latent_points(predictor: ModelPredictor, grid: GridOptions, seed: int) -> Array:
    """Return the latent points to generate from, (latents, k).

    `samples`: posterior means of test samples, which the model file keeps in its test vectors;
    `prior`: standard normal; `mean`: the mean of training samples. Raise `UsageError` if the file
    keeps fewer.
    """
    stored = _stored_latents(predictor)
    random = np.random.default_rng(seed)
    if grid.latent_from == "prior":
        drawn: Array = random.standard_normal((grid.latents, stored.shape[1])).astype(np.float32)
        return drawn
    chosen = stored[:1] if grid.latent_from == "mean" else stored[np.any(stored != 0, axis=1)]
    if grid.latents > len(chosen):
        raise UsageError(
            f"--latents {grid.latents}: {predictor.file.path} keeps {len(chosen)} for "
            f"--latent-from {grid.latent_from}; --latent-from prior draws as many as you like"
        )
    picked: Array = chosen[random.permutation(len(chosen))[: grid.latents]]
    return picked


def _generator(predictor: Predictor) -> ModelPredictor:
    if not isinstance(predictor, ModelPredictor) or predictor.route.name != "absorption:scan":
        raise UsageError(
            f"a model of {predictor.route.name} given, one of absorption:scan expected: export it "
            "from a cvae run"
        )
    return predictor


def _stored_latents(predictor: ModelPredictor) -> Array:
    return np.stack([vector.inputs["latent"] for vector in predictor.metadata.vectors])


def _panels(predictor: ModelPredictor, grid: GridOptions, latent: Array) -> list[Panel]:
    inflections = np.linspace(*grid.gap, grid.rows)
    slopes = np.geomspace(*grid.slope, grid.columns)
    shape = (grid.rows, grid.columns)
    panels = []
    for maximum in grid.maxima:
        spectra = sigmoid_spectra(inflections, slopes, maximum)
        found = predictor.run({"absorption": spectra.reshape(-1, len(ENERGY_EV))}, latent=latent)
        scans = found.value.reshape(*shape, *found.value.shape[1:])
        novelty, novel = (
            np.full(shape, 0) if array is None else array.reshape(shape)
            for array in (found.novelty, found.novel)
        )
        panels.append(
            Panel(maximum, inflections, slopes, spectra, scans, novelty, novel.astype(bool))
        )
    return panels


def _samples(panel: Panel, number: int, latent: Array, seed: int) -> Iterator[Sample]:
    for row, column in np.ndindex(panel.novel.shape):
        known: Mapping[str, object] = {
            "generated": True,
            "inflection_ev": float(panel.inflections[row]),
            "slope_per_ev": float(panel.slopes[column]),
            "maximum": panel.maximum,
            "latent": [round(float(v), 5) for v in latent],
            "seed": seed,
            "novelty": float(panel.novelty[row, column]),
            "novel": bool(panel.novel[row, column]),
        }
        name = f"gen-{number + 1}-max{panel.maximum:g}-r{row + 1}-c{column + 1}"
        arrays: dict[str, Arrays] = {
            "absorption": {"absorption": panel.spectra[row, column]},
            "scan": {"scan": panel.scans[row, column]},
        }
        yield Sample(name, arrays, metadata=known, groups={"plate": f"generated-{number + 1}"})


def _draw(panels: Sequence[Panel], title: str) -> Image.Image:

    return draw_panels(panels, title)
