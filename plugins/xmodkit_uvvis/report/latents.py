"""What the latents of models hold: reconstructions side by side, and maps by absorption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xmodkit.evaluation import Candidate, Evaluation, Figure
from xmodkit.modality import Array, Arrays, stacked
from xmodkit.pair import Sample
from xmodkit.report.style import FAINT, canvas, png
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.report.gallery import deciles

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["latent_maps", "reconstructions"]

MAP_ENERGIES_EV: Final = (1.48, 1.70, 2.50)  # as in the paper
_MOST_POINTS: Final = 3000  # t-SNE of more takes minutes and shows no more
_FEWEST_FOR_TSNE: Final = 100


@runtime_checkable
class _Reconstructs(Protocol):
    def prepare(self, sample: Sample) -> Mapping[str, Array]: ...

    def reconstruct(self, arrays: Mapping[str, Array]) -> Array: ...


@runtime_checkable
class _HasLatent(Protocol):
    def prepare(self, sample: Sample) -> Mapping[str, Array]: ...

    def latent(self, arrays: Mapping[str, Array]) -> Array: ...


def reconstructions(evaluation: Evaluation) -> Figure | None:
    """Return images beside what each autoencoder makes of them; None if no run is one."""
    rows = deciles(evaluation)
    samples = [evaluation.samples[row] for row in rows]
    rebuilt = {
        run.name: run.model.reconstruct(_prepared(run.model, samples))
        for run in evaluation.runs
        if isinstance(run.model, _Reconstructs)
    }
    if not rebuilt:
        return None
    figure = canvas(9, 1.05 * (len(rebuilt) + 1))
    lines = [("original", [s.arrays["scan"]["scan"] for s in samples])]
    lines += [(_title(evaluation, name), list(images)) for name, images in rebuilt.items()]
    for down, (name, images) in enumerate(lines):
        for across, image in enumerate(images):
            axes = figure.add_subplot(len(lines), len(images), down * len(images) + across + 1)
            axes.imshow(image)
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            if across == 0:
                axes.set_ylabel(name.replace(" (", "\n("), fontsize=7)
    return Figure(
        "reconstructions",
        "Reconstructions",
        "Images of the samples at the deciles of the loss, and as each autoencoder rebuilds them "
        "from its latent; a cVAE is given the true spectrum, too.",
        png(figure),
        "Latents",
    )


def latent_maps(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield a map of each run's latent, coloured by how little samples absorb at three energies."""
    shown = np.random.default_rng(evaluation.seed).permutation(len(evaluation.samples))
    shown = np.sort(shown[:_MOST_POINTS])
    part = evaluation.at(shown)
    colours = [_clearness(part, energy) for energy in MAP_ENERGIES_EV]
    for run in evaluation.runs:
        latent = _latent(run, part)
        if latent is not None:
            yield _map(run.name, _title(evaluation, run.name), latent, colours, evaluation.seed)


def _map(name: str, title: str, latent: Array, colours: list[Array], seed: int) -> Figure:
    places, method = _flatten(latent, seed)
    figure = canvas(9, 3.2)
    for i, (energy, colour) in enumerate(zip(MAP_ENERGIES_EV, colours, strict=True), start=1):
        axes = figure.add_subplot(1, 3, i)
        order = np.argsort(colour, kind="stable")
        drawn = axes.scatter(
            places[order, 0], places[order, 1], c=colour[order], s=4, cmap="viridis", linewidths=0
        )
        axes.set(title=f"{energy:.2f} eV", xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.set_xlabel(f"{method} 1", color=FAINT)
    figure.colorbar(drawn, ax=figure.axes, shrink=0.8, pad=0.02, label="quantile of 1 - alpha x t")
    return Figure(
        f"latent-{name}",
        f"Latent of {title}",
        f"{method} of the latent ({latent.shape[1]} values) of {len(latent):,} samples, coloured "
        "by the quantile of 1 - absorption at each energy: bright is clear, dark absorbs.",
        png(figure),
        "Latents",
    )


def _flatten(latent: Array, seed: int) -> tuple[NDArray[np.float64], str]:
    """Return two coordinates per sample and how they were found: t-SNE, PCA where it is absent."""
    centred = latent - latent.mean(axis=0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    principal = (left * strength)[:, :50].astype(np.float64)
    try:
        from openTSNE import TSNE
    except ImportError:
        return principal[:, :2], "PCA"
    if len(latent) < _FEWEST_FOR_TSNE:
        return principal[:, :2], "PCA"
    found = TSNE(random_state=seed, n_jobs=1, initialization="pca").fit(principal)
    return np.asarray(found), "t-SNE"


def _clearness(evaluation: Evaluation, energy: float) -> Array:
    """Return the quantile, 0 to 1, of each sample's 1 - absorption at an energy."""
    spectra = np.stack([s.arrays["absorption"]["absorption"] for s in evaluation.samples])
    clear = 1 - spectra[:, np.argmin(np.abs(ENERGY_EV - energy))]
    ranks: Array = np.argsort(np.argsort(clear, kind="stable"), kind="stable")
    return ranks / max(1, len(ranks) - 1)


def _latent(run: Candidate, evaluation: Evaluation) -> Array | None:
    """Return a run's latents of samples (samples, k), None if it has none to look at."""
    if isinstance(run.model, _HasLatent):
        return run.model.latent(_prepared(run.model, evaluation.samples))
    offered = [route for route in run.routes if route.startswith("scan:")]
    return run.predict(offered[0], evaluation.samples, None).latent if offered else None


def _prepared(model: _Reconstructs | _HasLatent, samples: Sequence[Sample]) -> Arrays:
    return stacked([model.prepare(sample) for sample in samples])


def _title(evaluation: Evaluation, name: str) -> str:
    """Return a run's name with its architecture."""
    model = next(run.settings["model"] for run in evaluation.runs if run.name == name)
    return name if model == name else f"{name} ({model})"
