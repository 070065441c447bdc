"""Generation draws a grid of spectra over inflection and slope, without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.errors import UsageError
from xmodkit.predictor import ModelPredictor
from xmodkit_uvvis.generate import (
    draw_generation_grid,
    generate,
    latent_points,
    sigmoid_spectra,
)
from xmodkit_uvvis.generate_options import GridOptions
from xmodkit_uvvis.modalities import ENERGY_EV
from xmodkit_uvvis.pair import UvVis

SMALL = {"gap": "1.4:2.9", "slope": "5:30", "max": (0.75,), "rows": 3, "columns": 2}


@pytest.fixture(scope="module")
def predictor(exported: Callable[[str, str], Path]) -> ModelPredictor:
    return ModelPredictor(exported("cvae", "absorption:scan"), "cpu")


@given(inflection=st.floats(1.36, 2.9), slope=st.floats(1, 80), maximum=st.floats(0.05, 3))
def test_spectra_rise_to_their_maximum_and_are_steepest_at_the_inflection(
    inflection: float, slope: float, maximum: float
):
    spectrum = sigmoid_spectra(np.array([inflection]), np.array([slope]), maximum)[0, 0]
    assert spectrum.max() == pytest.approx(maximum, rel=1e-5)
    assert (np.diff(spectrum) >= -1e-6).all()
    steepest = ENERGY_EV[np.argmax(np.diff(spectrum))]
    assert abs(steepest - inflection) < 0.05


def test_samples_hold_spectrum_and_scan_and_say_how_they_were_made(predictor: ModelPredictor):
    made = generate(predictor, 1, SMALL)
    assert len(made.samples) == 6
    sample = made.samples[0]
    UvVis().modality("scan").check(sample.arrays["scan"])
    UvVis().modality("absorption").check(sample.arrays["absorption"])
    assert sample.arrays["scan"]["scan"].shape == (64, 64, 3)
    assert sample.metadata["generated"]
    assert sample.metadata["inflection_ev"] == 1.4
    assert len({s.id for s in made.samples}) == 6


def test_the_grid_is_one_picture_per_latent_with_a_panel_per_maximum(predictor: ModelPredictor):
    one = generate(predictor, 1, SMALL).pictures
    more = generate(predictor, 1, {**SMALL, "max": (0.84, 0.42, 0.21), "latents": 2}).pictures
    assert list(one) == ["grid-1"]
    assert list(more) == ["grid-1", "grid-2"]
    assert more["grid-1"].width == 3 * one["grid-1"].width
    assert more["grid-1"].tobytes() != more["grid-2"].tobytes()


def test_inflection_rises_up_the_rows(predictor: ModelPredictor):
    drawn = draw_generation_grid(predictor, GridOptions(rows=2, columns=2, maxima=(0.9,)))
    from xmodkit_uvvis.generation_plot import LEFT, TOP

    pixels = np.asarray(drawn).astype(int)
    upper, lower = pixels[TOP + 24 : TOP + 40], pixels[TOP + 88 : TOP + 104]
    across = slice(LEFT + 24, LEFT + 40)
    assert lower[:, across].mean() < upper[:, across].mean()  # a low edge absorbs everything


def test_the_same_seed_gives_the_same_pictures(predictor: ModelPredictor):
    options = {**SMALL, "latent_from": "prior", "latents": 2}
    one, again, other = (generate(predictor, seed, options).pictures for seed in (3, 3, 4))
    assert all(one[name].tobytes() == again[name].tobytes() for name in one)
    assert one["grid-1"].tobytes() != other["grid-1"].tobytes()


def test_latents_come_from_samples_the_prior_or_its_mean(predictor: ModelPredictor):
    def points(name: str, n: int = 1) -> np.ndarray:
        return latent_points(predictor, GridOptions(latents=n, latent_from=name), 0)

    assert not points("mean").any()
    kept = {v.inputs["latent"].tobytes() for v in predictor.metadata.vectors}
    assert {row.tobytes() for row in points("samples", 4)} <= kept
    assert points("prior", 50).shape[0] == 50
    with pytest.raises(UsageError, match="--latent-from prior"):
        points("samples", 50)


@pytest.mark.parametrize(
    "wrong",
    [{"gap": "2.9:1.4"}, {"gap": "blue"}, {"slope": "0:4"}, {"max": (0.0,)}, {"rows": 0}],
)
def test_options_that_mean_nothing_are_refused(predictor: ModelPredictor, wrong: dict):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        generate(predictor, 0, {**SMALL, **wrong})


def test_a_model_of_another_route_is_refused():
    predictor = UvVis().predictor(UvVis().route(), None, "cpu", {})
    with pytest.raises(UsageError, match="absorption:scan expected"):
        draw_generation_grid(predictor)


def test_generation_imports_no_torch(exported: Callable[[str, str], Path], tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from xmodkit.predictor import ModelPredictor\n"
        "from xmodkit_uvvis.generate import draw_generation_grid\n"
        "draw_generation_grid(ModelPredictor(Path(sys.argv[1]), 'cpu')).save(sys.argv[2])\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    path = exported("cvae", "absorption:scan")
    subprocess.run([sys.executable, "-c", code, path, tmp_path / "grid.png"], check=True)
    assert (tmp_path / "grid.png").stat().st_size > 10_000
