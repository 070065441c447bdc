"""How far the shipped model can be trusted, on simulated rows that nothing was fitted on.

    python benchmarks/trust.py                      # 5,000 test rows, the shipped model file
    python benchmarks/trust.py --model my.onnx -n 6000

Test rows come from a seed of their own. Floors stand beside every score: the training mean, and a
quadratic ridge on mean RGB (fitted on rows of the training seed). Everything here is simulated.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage import data as photographs
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import xmodkit
from xmodkit import plugins
from xmodkit.load import LoadedPredictor
from xmodkit.pair import Sample
from xmodkit.scores import field_scores, r2_per_channel, scalar_scores

TRAINING_SEED, TEST_SEED = 1, 20261121
CHUNK = 250
VISIBLE_TO_EV = 2.75  # up to here the paper states its R2
Images = list[NDArray[np.uint8]]


def chunk(seed: int, start: int, lamp: str) -> list[Sample]:
    """Simulate one chunk of rows."""
    pair = plugins.pair("uvvis")
    return list(pair.simulate(CHUNK, seed, {"lamp": lamp}, start=start))


def simulated(n: int, seed: int, lamp: str = "led") -> list[Sample]:
    """Simulate n rows in two processes."""
    starts = range(0, n, CHUNK)
    with ProcessPoolExecutor(2) as pool:
        chunks = pool.map(chunk, [seed] * len(starts), starts, [lamp] * len(starts))
        return [sample for part in chunks for sample in part][:n]


def images(samples: Sequence[Sample]) -> Images:
    """Return the scans of samples."""
    return [sample.arrays["scan"]["scan"] for sample in samples]


def spectra(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """Return the measured spectra of samples."""
    return np.stack([sample.arrays["absorption"]["absorption"] for sample in samples])


def mean_rgb(scans: Images) -> NDArray[np.float64]:
    """Return each scan's mean colour."""
    return np.array([scan.mean(axis=(0, 1)) for scan in scans])


def faults(scans: Images, rng: np.random.Generator) -> Iterator[tuple[str, Images]]:
    """Yield kinds of images that the model must not trust, made from familiar ones."""
    yield "uniform noise", [rng.integers(0, 256, s.shape, dtype=np.uint8) for s in scans]
    yield "white frame", [np.full_like(s, 255) for s in scans]
    yield "black frame", [np.zeros_like(s) for s in scans]
    yield "photograph", list(_photographs(len(scans), rng))
    yield "JPEG quality 5", [_jpeg(s) for s in scans]
    yield "blur of 4 px", [_each(s, lambda i: i.filter(ImageFilter.GaussianBlur(4))) for s in scans]
    yield "white balance +20 % red", [_gain(s, (1.2, 1, 1)) for s in scans]
    yield "white balance +20 % blue", [_gain(s, (1, 1, 1.2)) for s in scans]
    yield "half out of frame", [np.roll(s, s.shape[1] // 2, axis=1) for s in scans]


def _photographs(n: int, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    sources = [photographs.astronaut(), photographs.coffee(), photographs.chelsea()]
    for i in range(n):
        source = sources[i % len(sources)]
        y, x = (int(rng.integers(0, size - 101)) for size in source.shape[:2])
        yield np.ascontiguousarray(source[y : y + 101, x : x + 101])


def _each(
    scan: NDArray[np.uint8], change: Callable[[Image.Image], Image.Image]
) -> NDArray[np.uint8]:
    return np.asarray(change(Image.fromarray(scan)))


def _jpeg(scan: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(scan).save(buffer, "JPEG", quality=5)
    return np.asarray(Image.open(buffer))


def _gain(scan: NDArray[np.uint8], gains: tuple[float, float, float]) -> NDArray[np.uint8]:
    return np.clip(scan * np.array(gains), 0, 255).astype(np.uint8)


def accuracy(
    predict: LoadedPredictor, test: Sequence[Sample], train: Sequence[Sample]
) -> dict[str, object]:
    """Score spectra and gaps, and print them beside the floors."""
    pair, route = plugins.pair("uvvis"), predict.predictor.route
    energy = np.array(pair.modality("absorption").fields[0].axes[0].coordinates)
    p, truth, reference = predict(images(test)), spectra(test), spectra(train)
    found = field_scores(truth, p.value, p.lower, p.upper, p.novelty, reference, 0.9)
    ridge = make_pipeline(
        PolynomialFeatures(2), StandardScaler(), RidgeCV(np.logspace(-3, 3, 7))
    ).fit(mean_rgb(images(train)), reference)
    colour_only = ridge.predict(mean_rgb(images(test)))
    seen = energy <= VISIBLE_TO_EV
    for name, value in (("model", p.value), ("mean RGB, quadratic ridge", colour_only)):
        r2 = r2_per_channel(truth, value)
        print(
            f"R2 per energy, {name}: mean {r2.mean():.3f}; up to {VISIBLE_TO_EV} eV mean "
            f"{r2[seen].mean():.3f}, minimum {r2[seen].min():.3f}"
        )
    print(f"spectrum: {_line(found)}")
    scores: dict[str, object] = {"absorption": found}
    gaps = pair.derive({"absorption": truth}, route)
    known = pair.derive({"absorption": reference}, route)
    floor = pair.derive({"absorption": colour_only.astype(np.float32)}, route)
    for field in pair.derived(route):
        d, limits = p.derived[field.name], field.valid_range
        scores[field.name] = s = scalar_scores(
            gaps[field.name].value, d.value, d.lower, d.upper, p.novelty,
            known[field.name].value, limits, 0.9,
        )  # fmt: skip
        both = ~np.isnan(gaps[field.name].value) & ~np.isnan(floor[field.name].value)
        colour = np.abs(floor[field.name].value - gaps[field.name].value)[both].mean()
        print(
            f"{field.name}: MAE {s['mae']:.3f} eV, RMSE {s['rmse']:.3f}, mean "
            f"{s['mean_error']:+.3f}, median {s['median_error']:+.3f} (training median "
            f"{s['mae_of_training_median']:.3f}, mean RGB {colour:.3f}); {_line(s)}; one of two "
            f"has none: {s['only_truth_has_one']} missed, {s['only_prediction_has_one']} invented"
        )
    return scores


def _line(scores: dict[str, object]) -> str:
    thirds = " / ".join(f"{c:.3f}" for c in scores["coverage_by_novelty_third"])  # type: ignore[attr-defined]
    return (
        f"coverage of the 90 % bounds {scores['coverage']:.3f} (by novelty third {thirds}), "
        f"width {scores['relative_width']:.2f} of the unconditional interval"
    )


def novelty(
    predict: LoadedPredictor, test: Sequence[Sample], n: int = 500
) -> dict[str, dict[str, float]]:
    """Print how well each fault is told from familiar rows."""
    familiar = predict(images(test))
    blank = np.array([bool(sample.metadata["blank"]) for sample in test])
    print(
        f"novel among {len(test)} familiar rows: {familiar.novel.mean():.2%}; among "
        f"{blank.sum()} blanks: {familiar.novel[blank].mean():.2%}"
    )
    table = {}
    kinds = list(faults(images(test[:n]), np.random.default_rng(0)))
    kinds += [
        (f"another lamp: {lamp}", images(simulated(n, TEST_SEED, lamp)))
        for lamp in ("fluorescent", "halogen")
    ]
    for name, scans in kinds:
        strange = predict(scans)
        labels = np.r_[np.zeros(len(test)), np.ones(len(scans))]
        auroc = roc_auc_score(labels, np.r_[familiar.novelty, strange.novelty])
        table[name] = {"auroc": float(auroc), "flagged": float(strange.novel.mean())}
        print(f"  {name:<28} AUROC {auroc:.3f}  flagged {strange.novel.mean():.1%}")
    return table


def main() -> None:
    """Run the whole study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a model file; the shipped one by default")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--json", type=Path, help="write the scores as JSON, too")
    arguments = parser.parse_args()
    predict = xmodkit.load(arguments.model or "uvvis", device="cpu")
    train = simulated(arguments.n, TRAINING_SEED)
    test = simulated(arguments.n, TEST_SEED)
    print(
        f"{len(test)} simulated test rows, seed {TEST_SEED}; calibration: "
        f"{predict.predictor.calibration.rows} rows of seed {TRAINING_SEED}"
    )
    scores = accuracy(predict, test, train)
    scores["novelty"] = novelty(predict, test)
    if arguments.json:
        arguments.json.write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
