"""The cVAE draws what a spectrum looks like, from any latent, and knows strange spectra."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit.pair import Sample  # noqa: E402
from xmodkit.train import Run  # noqa: E402
from xmodkit_uvvis.generate import sigmoid_spectra  # noqa: E402
from xmodkit_uvvis.models.cvae import CVAE_LATENT, Cvae, SpectrumStatistics  # noqa: E402

CENTRE = (slice(None), slice(26, 38), slice(26, 38))


def draw(run: Run, spectra: np.ndarray, latent: np.ndarray | None = None) -> dict:
    latent = np.zeros(CVAE_LATENT, np.float32) if latent is None else latent
    graph = run.graph()
    with torch.no_grad():
        values = graph(torch.from_numpy(spectra), torch.from_numpy(latent))
    return {name: value.numpy() for name, value in zip(graph.outputs, values, strict=True)}


def colours(scans: np.ndarray) -> np.ndarray:
    return scans[CENTRE].reshape(len(scans), -1, 3).mean(axis=1)


def test_blue_absorbing_spectra_are_drawn_yellow_and_all_absorbing_dark(
    trained: Callable[[str], Run],
):
    spectra = sigmoid_spectra(np.array([1.65, 2.5]), np.array([12.0]), 0.9)[:, 0]
    dark, yellow = colours(draw(trained("cvae"), spectra)["scan"])
    assert yellow[2] < yellow[0] - 40  # blue is missing, red is not
    assert dark[0] < yellow[0] - 40
    assert dark.mean() < yellow.mean()


def test_the_colour_follows_the_spectrum_from_every_latent(trained: Callable[[str], Run]):
    spectra = sigmoid_spectra(np.array([1.65, 2.5]), np.array([12.0]), 0.9)[:, 0]
    for seed in range(5):
        latent = np.random.default_rng(seed).standard_normal(CVAE_LATENT).astype(np.float32)
        dark, yellow = colours(draw(trained("cvae"), spectra, latent)["scan"])
        assert dark[0] < yellow[0], seed


def test_the_spectrum_alone_tells_more_than_the_mean_image(trained: Callable[[str], Run]):
    scores = trained("cvae").metrics["scan"]
    assert scores["mse"] < 0.8 * scores["mse_of_mean"]


def test_reconstruction_with_image_and_spectrum_beats_the_spectrum_alone(
    trained: Callable[[str], Run], paint: Callable[..., list[Sample]]
):
    run = trained("cvae")
    rows = [run.model.prepare(sample) for sample in paint(40, seed=9)]
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    truth = arrays["scan"].transpose(0, 2, 3, 1).astype(float)
    rebuilt = run.model.reconstruct(arrays)
    alone = draw(run, arrays["absorption"])["scan"]
    assert rebuilt.dtype == np.uint8
    assert ((rebuilt - truth) ** 2).mean() < ((alone - truth) ** 2).mean()


def test_jagged_and_huge_spectra_are_novel_and_familiar_ones_are_not(
    trained: Callable[[str], Run], paint: Callable[..., list[Sample]]
):
    run = trained("cvae")
    familiar = np.stack([s.arrays["absorption"]["absorption"] for s in paint(40, seed=9)])
    jagged = familiar + np.random.default_rng(0).normal(0, 0.2, familiar.shape)
    assert draw(run, familiar)["novel"].mean() < 0.4
    assert draw(run, jagged.astype(np.float32))["novel"].all()
    assert draw(run, familiar * 30)["novel"].all()


def test_test_vectors_show_the_default_latent_then_those_of_samples(
    trained: Callable[[str], Run],
):
    run = trained("cvae")
    latents = [row["latent"] for row in run.vectors]
    assert not latents[0].any()
    assert sum(bool(latent.any()) for latent in latents) == len(latents) - 2


def test_only_dense_layers_learn_and_the_spectrum_stands_on_both_sides():
    model = Cvae()
    kinds = {
        type(m) for net in model.networks.values() for m in net.modules() if not [*m.children()]
    }
    assert torch.nn.Conv2d not in kinds
    assert model.encoder.dense[0].in_features == 12_288 + 220
    assert model.decoder.dense[0].in_features == CVAE_LATENT + 220
    assert any("publishes neither layer sizes" in note for note in model.notes)


def test_spectrum_statistics_tell_course_and_roughness():
    spectra = torch.zeros(2, 220)
    spectra[1, ::2] = 0.1
    statistics = SpectrumStatistics()(spectra)
    assert statistics.shape == (2, SpectrumStatistics.size)
    assert statistics[1, -1] > statistics[0, -1] + 5
