"""What needs no network: Fourier transforms both ways, and the nearest frame."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from xmodkit.pair import Route, Sample
from xmodkit_saxs_sem.metrics import two_point
from xmodkit_saxs_sem.metrics.spectrum import peak_q, q_polar
from xmodkit_saxs_sem.modalities import Q_GRID, SIZE
from xmodkit_saxs_sem.models.measured import binary_tiles, frames_on_grid
from xmodkit_saxs_sem.report import saxs_sem_baselines
from xmodkit_saxs_sem.report.baselines import inverse_transform, nearest, transformed
from xmodkit_saxs_sem.simulator import simulate

FORWARD, BACK = Route("saxs", "sem", bounds="ensemble"), Route("sem", "saxs")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(simulate(7, 4, {"sem_size": "400x400"}))


def test_an_image_is_found_again_from_its_own_power_spectrum() -> None:
    """Of one image the transform of the power spectrum is S(r) itself, but for the background."""
    waves = np.cos(2 * np.pi / 8 * np.indices((SIZE, SIZE))[1])
    image = waves > np.cos(0.4 * np.pi)
    phi = image.mean()
    power = np.abs(np.fft.fftshift(np.fft.fft2(image - phi))) ** 2
    logs = np.log10(np.maximum(power / power.mean(), 1e-4)).astype(np.float32)[None]
    found = inverse_transform(logs, np.ones(logs.shape, bool), np.array([phi]))
    np.testing.assert_allclose(found[0], two_point(image), atol=0.03)
    assert found[0, 0] == pytest.approx(phi, abs=1e-6)


def test_the_nearest_frame_is_told_by_what_both_measured() -> None:
    q = q_polar()[0]
    known = np.stack([np.exp(-(((q - p) / 0.02) ** 2)) for p in (0.13, 0.17, 0.21)])
    asked, valid = known[[2, 0]].copy(), np.ones((2, SIZE, SIZE), bool)
    asked[0, 30:50] = 9.0
    valid[0, 30:50] = False
    assert nearest(known, np.ones(known.shape, bool), asked, valid).tolist() == [2, 0]


def test_baselines_of_images_lie_between_the_training_mean_and_the_floor(
    samples: list[Sample],
) -> None:
    training, test = samples[:4], samples[4:]
    found = saxs_sem_baselines(FORWARD, training, test)
    truth = two_point(np.concatenate([binary_tiles(sample) for sample in test]))
    errors = {name: np.abs(f["two_point"] - truth).mean() for name, f in found.items()}
    floor = errors["another place of the film (floor)"]
    assert floor < 0.5 * min(error for error in errors.values() if error != floor)
    phi = np.mean([binary_tiles(sample).mean() for sample in training])
    assert found["inverse Fourier transform"]["two_point"][:, 0] == pytest.approx(phi, abs=1e-5)
    like = found["nearest by scattering"]
    assert like["micrograph"].shape == (3, SIZE, SIZE)
    assert set(np.unique(like["micrograph"])) == {0, 255}
    np.testing.assert_allclose(like["lineal_path_vertical"][:, 0], like["two_point"][:, 0])


def test_micrographs_foretell_where_frames_peak(samples: list[Sample]) -> None:
    training, test = samples[:2], samples[4:6]
    (fields,) = saxs_sem_baselines(BACK, training, test).values()
    logs, valid = frames_on_grid(test)
    assert fields["log_intensity"].shape == logs.shape
    found, _ = peak_q(fields["intensity"])
    expected, _ = peak_q(10.0**logs, valid)
    np.testing.assert_allclose(found, expected, rtol=0.03)
    with_background, without = (
        np.abs(f - logs)[valid].mean() for f in (fields["log_intensity"], transformed(test))
    )
    assert with_background < 0.7 * without
    np.testing.assert_allclose(np.log10(fields["intensity"]), fields["log_intensity"], atol=1e-5)
    np.testing.assert_allclose(fields["qx"][0, 0], Q_GRID, rtol=1e-6)
    np.testing.assert_allclose(fields["qy"][0, :, 0], -Q_GRID, rtol=1e-6)


def test_reconstructions_have_no_baseline(samples: list[Sample]) -> None:
    assert saxs_sem_baselines(Route("saxs", "saxs", bounds="none"), samples, samples) == {}
