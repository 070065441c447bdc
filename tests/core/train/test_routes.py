"""A run offers every route of its model: judged, exported and proved like the first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from xmodkit.errors import UsageError  # noqa: E402
from xmodkit.modelfile import read_model_file  # noqa: E402
from xmodkit.predictor import ModelPredictor  # noqa: E402
from xmodkit.reading import samples_in_store  # noqa: E402
from xmodkit.train import Run  # noqa: E402
from xmodkit.verify import verify  # noqa: E402
from xmodkit_exporters.onnx import check_parity  # noqa: E402

ROUTES = [
    ("vae", "scan:scan"),
    ("vae", "scan:latent"),
    ("cvae", "absorption:scan"),
]
Trained = Callable[[str], Run]
Exported = Callable[[str, str], Path]


@pytest.mark.parametrize(("model", "route"), ROUTES)
def test_every_route_of_a_model_exports_and_verifies(exported: Exported, model: str, route: str):
    path = exported(model, route)
    assert [check for check in verify(path) if not check.ok] == []
    assert ModelPredictor(path, "cpu").route.name == route


@pytest.mark.parametrize(("model", "route"), ROUTES)
def test_onnxruntime_gives_torchs_numbers_on_every_route(
    trained: Trained, exported: Exported, model: str, route: str
):
    run, path = trained(model), exported(model, route)
    judged = run.judged(run.pair.route(route))
    batched = {field.name for field in run.pair.modality(judged.route.source).fields}
    feeds = {n: a[None] if n in batched else a for n, a in judged.vectors[0].items()}
    error = check_parity(run.graph(judged.route), path.read_bytes(), feeds)
    assert error < (1.01 / 255 if route.endswith(":scan") else 1e-4)  # one level may tip over


def test_routes_of_one_source_share_their_novelty(trained: Trained):
    run = trained("vae+aspm")
    thresholds = {judged.calibration.novelty_threshold for judged in run.routes.values()}
    assert len(thresholds) == 1
    scan = torch.from_numpy(run.vectors[0]["scan"][None])
    with torch.no_grad():
        novelty = {
            float(run.graph(judged.route).named(scan)["novelty"]) for judged in run.routes.values()
        }
    assert max(novelty) - min(novelty) < 1e-6


def test_an_unbounded_route_has_no_bounds_and_says_so(exported: Exported):
    predictor = ModelPredictor(exported("vae", "scan:scan"), "cpu")
    found = predictor.run({"scan": np.full((2, 30, 50, 3), 128, np.uint8)})
    assert found.lower is None
    assert found.value.shape == (2, 64, 64, 3)
    assert found.value.dtype == np.uint8
    assert set(found.bounds_source) == {"none"}
    assert predictor.calibration.derived == {}
    assert "bounds: none" in exported("vae", "scan:scan").with_suffix(".md").read_text()


def test_a_latent_is_the_target_and_not_stored_twice(exported: Exported):
    predictor = ModelPredictor(exported("vae", "scan:latent"), "cpu")
    assert [o.name for o in predictor.session.get_outputs()].count("latent") == 1
    found = predictor.run({"scan": np.full((1, 30, 30, 3), 128, np.uint8)})
    np.testing.assert_array_equal(found.value, found.latent)
    (field,) = predictor.outputs
    assert field.axes[0].size == found.value.shape[1] == 100


def test_sizes_belong_to_the_model_file(exported: Exported):
    metadata = read_model_file(exported("vae", "scan:scan")).metadata
    assert [axis.size for axis in metadata.inputs[0].axes] == [None, None, 3]
    assert [axis.size for axis in metadata.outputs[0].axes] == [64, 64, 3]


def test_reconstruction_is_scored_beside_the_mean_image(trained: Trained):
    scores = trained("vae").metrics["scan"]
    assert 0 < scores["mse"] < 1
    assert scores["bce_of_truth"] < scores["bce"]
    assert scores["samples"] > 0
    assert scores["mse"] < 2 * scores["mse_of_mean"]


def test_a_latent_has_no_truth_and_only_its_novelty_is_judged(trained: Trained):
    judged = trained("vae").routes["scan:latent"]
    assert set(judged.metrics) == {"novel_share"}


def test_a_run_loaded_again_offers_the_same_routes(trained: Trained):
    run = trained("vae+aspm")
    again = Run.load(run.folder, run.pair)
    assert list(again.routes) == list(run.routes) == list(run.model.routes)
    for name, judged in run.routes.items():
        found = again.routes[name]
        assert found.calibration == judged.calibration
        assert found.metrics == judged.metrics
        assert len(found.vectors) == len(judged.vectors)
        for one, other in zip(found.vectors, judged.vectors, strict=True):
            for field in other:
                np.testing.assert_array_equal(one[field], other[field])


def test_a_route_that_the_model_lacks_is_refused_by_name(trained: Trained):
    run = trained("vae")
    with pytest.raises(UsageError, match="offers scan:scan, scan:latent"):
        run.graph(run.pair.route("scan:absorption"))


def test_a_further_input_left_out_is_the_files_own(exported: Exported):
    predictor = ModelPredictor(exported("cvae", "absorption:scan"), "cpu")
    spectra = {"absorption": np.full((3, 220), 0.2, np.float32)}
    left_out = predictor.run(spectra).value
    zero = np.zeros(predictor.metadata.vectors[0].inputs["latent"].shape, np.float32)
    np.testing.assert_array_equal(left_out, predictor.run(spectra, latent=zero).value)
    assert (left_out != predictor.run(spectra, latent=zero + 2).value).any()
    with pytest.raises(ValueError, match=r"latent: shape \(3,\) given"):
        predictor.run(spectra, latent=np.zeros(3, np.float32))


def test_an_image_may_be_one_level_off_in_few_pixels_and_no_further():
    from xmodkit.verify import _difference

    image = np.full((1, 64, 64, 3), 100, np.uint8)
    near, far = image.copy(), image.copy()
    near[0, 0, 0], far[0, 0, 0, 0] = 101, 102
    assert _difference("scan", near, image, 255.0) == 0
    assert _difference("scan", far, image, 255.0) == float("inf")
    assert _difference("scan", image + 1, image, 255.0) == float("inf")


def test_of_images_with_two_levels_the_share_that_differs_counts():
    from xmodkit.verify import _difference

    image = np.zeros((1, 10, 10), np.uint8)
    image[0, :5] = 255
    turned, grey = image.copy(), image.copy()
    turned[0, 0, :2], grey[0, 0, 0] = 0, 100
    assert _difference("micrograph", turned, image, 255.0) == 0.02
    assert _difference("micrograph", grey, image, 255.0) == float("inf")


def test_a_store_of_samples_trains_a_model_of_any_source(trained: Trained, painted_store: Path):
    run = trained("cvae")
    first = next(iter(samples_in_store(painted_store, run.pair, run.route)))
    assert set(first.arrays) == {"absorption"}
    assert run.settings["route"] == "absorption:scan"
