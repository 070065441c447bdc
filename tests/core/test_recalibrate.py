"""A model file calibrated on pairs of a site promises there what it promised before elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xmodkit
from xmodkit import plugins
from xmodkit.calibration import Calibration, ScalarBounds, StratifiedBounds
from xmodkit.conformal import coverage_interval
from xmodkit.errors import ModelFileError, UsageError
from xmodkit.initializers import read_initializers, replace_initializers
from xmodkit.modelfile import ModelFile, TestVector, read_model_file, write_model_file
from xmodkit.pair import Sample
from xmodkit.paired import predict_pairs, read_quantiles
from xmodkit.pairs import Pairs
from xmodkit.predictor import ModelPredictor
from xmodkit.recalibrate import REFIT, recalibrate
from xmodkit.sitecard import notices, site_card
from xmodkit.verify import verify

NEITHER = ScalarBounds((), (-12.0,), (12.0,))


def graph_with_scale() -> bytes:
    """Return a graph: a mean colour, scale 2, bounds 5 scales away, novel above 200."""
    helper = pytest.importorskip("onnx").helper
    numpy_helper = pytest.importorskip("onnx").numpy_helper
    kind = pytest.importorskip("onnx").TensorProto
    weights = {
        "network.threshold": np.float32(200),
        "network.level_q_lower": np.full(3, 5, np.float32),
        "network.level_q_upper": np.full(3, 5, np.float32),
        "scale": np.float32([2, 2, 4]),
        "nan": np.float32(np.nan),
        "yx": np.array([1, 2]),
        "c": np.array([1]),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["scan"], ["image"], to=kind.FLOAT),
        node("ReduceMean", ["image", "yx"], ["level"], keepdims=0),
        node("ReduceMean", ["level", "c"], ["novelty"], keepdims=0),
        node("LessOrEqual", ["novelty", "network.threshold"], ["known"]),
        node("Not", ["known"], ["novel"]),
        node("Unsqueeze", ["novel", "c"], ["hidden"]),
        node("Mul", ["scale", "network.level_q_lower"], ["under"]),
        node("Mul", ["scale", "network.level_q_upper"], ["over"]),
        node("Sub", ["level", "under"], ["below"]),
        node("Add", ["level", "over"], ["above"]),
        node("Where", ["hidden", "nan", "below"], ["level_lower"]),
        node("Where", ["hidden", "nan", "above"], ["level_upper"]),
        node("Identity", ["level"], ["latent"]),
    ]
    curves = ("level", "level_lower", "level_upper", "latent")
    outputs = [helper.make_tensor_value_info(name, kind.FLOAT, ["n", 3]) for name in curves]
    outputs.append(helper.make_tensor_value_info("novelty", kind.FLOAT, ["n"]))
    outputs.append(helper.make_tensor_value_info("novel", kind.BOOL, ["n"]))
    inputs = [helper.make_tensor_value_info("scan", kind.UINT8, ["n", "y", "x", 3])]
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in weights.items()]
    graph = helper.make_graph(nodes, "site", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    data: bytes = model.SerializeToString()
    return data


@pytest.fixture
def file(tiny_model: Path, tmp_path: Path) -> ModelFile:
    metadata = read_model_file(tiny_model).metadata
    calibration = Calibration(
        "simulated", 0.9, 500, 200.0, {"brightness": StratifiedBounds((NEITHER,))}
    )
    path = tmp_path / "model.onnx"
    metadata = replace(metadata, calibration=calibration, vectors=())
    write_model_file(path, graph_with_scale(), metadata)
    image = np.full((1, 4, 5, 3), 60, np.uint8)
    outputs = ModelPredictor(path, "cpu").run_raw({"scan": image})
    vectors = (TestVector({"scan": image}, outputs),)
    write_model_file(path, graph_with_scale(), replace(metadata, vectors=vectors))
    return read_model_file(path)


def draw(n: int, seed: int, noise: float = 3.0, low: int = 20, high: int = 180) -> Pairs:
    """Return pairs whose truth is the image's level with noise in proportion to the scale."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(low, high, n)
    errors = rng.normal(0, noise, (n, 3)) * [2, 2, 4]
    samples = tuple(
        Sample(
            f"s{i}",
            {
                "scan": {"scan": np.full((4, 5, 3), level, np.uint8)},
                "level": {"level": (level + error).astype(np.float32)},
            },
        )
        for i, (level, error) in enumerate(zip(levels, errors, strict=True))
    )
    return Pairs(samples, np.arange(n).astype(str), "0" * 64)


def covered(path: Path, pairs: Pairs, band: str = "pointwise") -> np.ndarray:
    """Return which points of the pairs lie within the bounds of a model file, (row, channel)."""
    p = xmodkit.load(path, band=band)([s.arrays["scan"]["scan"] for s in pairs.samples])
    truth = np.stack([s.arrays["level"]["level"] for s in pairs.samples])
    inside: np.ndarray = (truth >= p.lower) & (truth <= p.upper)
    return inside


@pytest.fixture
def calibrated(file: ModelFile, pair, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that calibrates the model on pairs and returns the new file's path."""

    def run(pairs: Pairs, **options) -> Path:
        path = tmp_path / "site.onnx"
        result = recalibrate(file, pair, pairs, **options)
        write_model_file(path, result.model, result.metadata)
        return path

    return run


# The graph's weights


def test_weights_are_found_by_their_last_name_and_replaced_alone(file: ModelFile):
    onnx = pytest.importorskip("onnx")
    new = np.float32([1, 2, 3])
    data = replace_initializers(file.data, {"level_q_lower": new})
    np.testing.assert_array_equal(read_initializers(data, ["level_q_lower"])["level_q_lower"], new)
    assert read_initializers(data, ["threshold"])["threshold"] == 200
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    back = replace_initializers(data, read_initializers(file.data, ["level_q_lower"]))
    assert onnx.load_from_string(back) == onnx.load_from_string(file.data)


def test_a_weight_that_is_not_there_or_does_not_fit_is_named(file: ModelFile):
    with pytest.raises(ModelFileError, match="no weight 'level_q'"):
        read_initializers(file.data, ["level_q"])
    with pytest.raises(ModelFileError, match=r"level_q_lower.*\(2,\) given, \(3,\) expected"):
        replace_initializers(file.data, {"level_q_lower": np.zeros(2, np.float32)})


def test_weights_stored_as_numbers_instead_of_bytes_are_read(file: ModelFile):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(file.data)
    for i, tensor in enumerate(model.graph.initializer):
        if tensor.name == "network.level_q_upper":
            values = onnx.numpy_helper.to_array(tensor)
            floats = onnx.helper.make_tensor(tensor.name, 1, values.shape, values.tolist())
            model.graph.initializer[i].CopyFrom(floats)
    found = read_initializers(model.SerializeToString(), ["level_q_upper"])["level_q_upper"]
    np.testing.assert_array_equal(found, [5, 5, 5])


def test_the_scale_of_novel_rows_is_recovered_too(file: ModelFile, pair):
    rows = predict_pairs(file, pair, draw(30, 1, low=150, high=250), {})
    assert (rows.novelty > 200).any()
    np.testing.assert_allclose(rows.scale["level"], np.tile([2, 2, 4], (30, 1)), rtol=1e-6)


# What the new file promises


@pytest.mark.parametrize("n", [20, 60, REFIT])
def test_new_bounds_cover_fresh_pairs_of_the_site(calibrated, n: int):
    """Over many sites the true coverage averages no less than stated, and 1 / (n + 1) more."""
    trials = 15 if n < REFIT else 4
    fresh = draw(2000, 999, noise=6)
    shares = [covered(calibrated(draw(n, seed, noise=6)), fresh).mean() for seed in range(trials)]
    assert 0.88 <= np.mean(shares) <= 0.9 + 1 / (n + 1) + 0.02
    low, high = coverage_interval(n, 0.9)
    assert np.mean([low <= share <= high for share in shares]) >= 0.9


@pytest.mark.parametrize("n", [30, REFIT])
def test_whole_curves_lie_within_their_band(calibrated, n: int):
    fresh = draw(1500, 998, noise=6)
    shares = []
    for seed in range(15 if n < REFIT else 4):
        path = calibrated(draw(n, 100 + seed, noise=6))
        shares.append(covered(path, fresh, "curve").all(axis=1).mean())
    assert covered(path, fresh).all(axis=1).mean() < 0.85
    assert np.mean(shares) == pytest.approx(0.9, abs=0.025)


def test_bounds_of_derived_scalars_follow_the_site(file: ModelFile, pair):
    fresh = draw(4000, 997, noise=6)
    shares = []
    for seed in range(20):
        result = recalibrate(file, pair, draw(40, seed, noise=6))
        bounds = result.metadata.calibration.derived["brightness"]
        truth = np.array([s.arrays["level"]["level"].mean() for s in fresh.samples])
        value = np.array([s.arrays["scan"]["scan"].mean() for s in fresh.samples])
        lower, upper = bounds.apply(value)
        shares.append(((truth >= lower) & (truth <= upper)).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.025)


def test_the_new_file_is_verified_and_says_what_it_rests_on(file: ModelFile, pair, calibrated):
    path = calibrated(draw(40, 3))
    assert [check.detail for check in verify(path) if not check.ok] == []
    new = read_model_file(path)
    calibration = new.metadata.calibration
    assert (calibration.source, calibration.rows) == ("local", 40)
    assert calibration.origin["pairs"] == "0" * 64
    assert calibration.origin["replaces"]["graph"] == file.graph_hash
    assert calibration.origin["replaces"]["source"] == "simulated"
    assert new.graph_hash != file.graph_hash
    prediction = xmodkit.load(path)(np.full((4, 5, 3), 60, np.uint8))
    assert str(prediction.bounds_source) == "local"
    np.testing.assert_array_equal(prediction.value, 60)


def test_calibrating_again_starts_from_the_former_bounds(pair, calibrated):
    once = calibrated(draw(40, 3))
    result = recalibrate(read_model_file(once), pair, draw(40, 4))
    assert result.metadata.calibration.origin["replaces"]["source"] == "local"


def test_simulated_pairs_make_no_local_bounds(file: ModelFile, pair):
    pairs = draw(25, 1)
    samples = tuple(replace(s, metadata={"simulated": True}) for s in pairs.samples)
    result = recalibrate(file, pair, replace(pairs, samples=samples))
    assert result.metadata.calibration.source == "simulated"
    assert "simulated" in notices(result.summary)[-1]


def test_the_summary_compares_old_bounds_with_new(file: ModelFile, pair):
    summary = recalibrate(file, pair, draw(200, 5, noise=6)).summary
    level = summary["quantities"]["level"]
    assert level["coverage_before"] < 0.75
    assert level["half_width_after"] > 1.5 * level["half_width_before"]
    assert level["mean_error"] == pytest.approx(0, abs=2)
    assert summary["quantities"]["brightness"]["coverage_before"] is not None
    low, high = summary["coverage_interval"]
    assert low < 0.9 < high


# Too few, in units, and beyond the novelty threshold


def test_fewer_than_twenty_pairs_are_refused(file: ModelFile, pair):
    with pytest.raises(UsageError, match="19 pairs given, at least 20 needed"):
        recalibrate(file, pair, draw(19, 1))
    with pytest.raises(UsageError, match="50 pairs given, at least 99 needed for bounds of 99%"):
        recalibrate(file, pair, draw(50, 1), coverage=0.99)


def test_rows_that_are_not_finite_are_left_out_and_may_leave_too_few(file: ModelFile, pair):
    pairs = draw(21, 1)
    bad = {**pairs.samples[0].arrays, "level": {"level": np.full(3, np.nan, np.float32)}}
    samples = (replace(pairs.samples[0], arrays=bad), *pairs.samples[1:])
    assert recalibrate(file, pair, replace(pairs, samples=samples)).summary["left_out"] == 1
    with pytest.raises(UsageError, match="19 pairs given"):
        recalibrate(file, pair, Pairs(samples[:20], pairs.units[:20], ""))


def test_rows_of_one_unit_count_as_one(file: ModelFile, pair):
    """Forty rows of ten units make wider bounds than forty of their own, and say they are few."""
    pairs = draw(40, 6)
    units = np.repeat(np.arange(10), 4).astype(str)
    alone = recalibrate(file, pair, pairs).summary
    grouped = recalibrate(file, pair, replace(pairs, units=units)).summary
    assert (grouped["units"], grouped["units_fit"]) == (10, True)
    assert grouped["coverage_interval"] == list(coverage_interval(10, 0.9))
    wide, narrow = (s["quantities"]["level"]["half_width_after"] for s in (grouped, alone))
    assert wide > narrow
    assert any("fewer than 20 units" in line for line in notices(grouped))


def test_one_plate_says_nothing_of_another(file: ModelFile, pair):
    pairs = replace(draw(30, 6), units=np.full(30, "plate"))
    result = recalibrate(file, pair, pairs)
    assert result.summary["units_fit"] is False
    assert np.isfinite(result.summary["quantities"]["level"]["half_width_after"])
    assert any("not for others" in line for line in notices(result.summary))


def test_the_novelty_threshold_is_kept_unless_it_flags_good_pairs(file: ModelFile, pair):
    kept = recalibrate(file, pair, draw(40, 1)).summary["novelty"]
    assert (kept["method"], kept["threshold_after"]) == ("kept", 200.0)
    raised = recalibrate(file, pair, draw(200, 1, low=150, high=250)).summary["novelty"]
    assert raised["method"] == "raised"
    assert raised["share_before"] > 0.3
    assert 0.02 <= raised["share_after"] <= 0.05
    fitted = recalibrate(file, pair, draw(REFIT, 1, low=20, high=120)).summary["novelty"]
    assert fitted["method"] == "refitted"
    assert fitted["threshold_after"] < 120


def test_pairs_that_were_all_novel_get_bounds_of_their_own(calibrated):
    path = calibrated(draw(60, 2, low=210, high=250))
    assert covered(path, draw(500, 3, low=210, high=240)).mean() > 0.8


def test_a_card_says_what_changed(file: ModelFile, pair):
    result = recalibrate(file, pair, draw(30, 1))
    card = site_card("site.onnx", result, "# model.onnx\n\nOld words.\n")
    assert card.startswith("# site.onnx\n")
    assert "30 measured pairs" in card
    assert "| level | 30 |" in card
    assert "### model.onnx" in card
    assert "Licence" in site_card("site.onnx", result)


# The shipped model, on a scanner that is not the one it knows


@pytest.fixture(scope="session")
def drops() -> Pairs:
    """Return 250 simulated drops under a halogen lamp by a scanner of another gamma, shuffled."""
    levels = (255 * (np.arange(256) / 255) ** 1.5).astype(np.uint8)
    samples = [
        replace(s, arrays={**s.arrays, "scan": {"scan": levels[s.arrays["scan"]["scan"]]}})
        for s in plugins.pair("uvvis").simulate(250, 77, {"lamp": "halogen"})
    ]
    order = np.random.default_rng(0).permutation(250)
    return Pairs(tuple(samples[i] for i in order), np.arange(250).astype(str), "")


def test_local_pairs_restore_the_coverage_that_another_scanner_takes(drops, tmp_path: Path):
    pair = plugins.pair("uvvis")
    file = read_model_file(pair.model_file(pair.route(), {}))
    held, fresh = (
        Pairs(drops.samples[part], drops.units[part], "") for part in (slice(100), slice(100, 250))
    )
    result = recalibrate(file, pair, held)
    path = tmp_path / "site.onnx"
    write_model_file(path, result.model, result.metadata)
    assert [check.detail for check in verify(path) if not check.ok] == []
    site = read_model_file(path)
    rows = predict_pairs(site, pair, fresh, {})
    truth = rows.truth["absorption"]
    shares = []
    for one in (file, site):
        lower, upper = rows.bounds(read_quantiles(one), "absorption")
        shares.append(((truth >= lower) & (truth <= upper)).mean())
    low, high = coverage_interval(100, 0.9)
    assert shares[0] < low <= shares[1] <= high
    assert result.summary["quantities"]["absorption"]["coverage_before"] < low
    assert result.summary["novelty"]["share_after"] <= 0.05
