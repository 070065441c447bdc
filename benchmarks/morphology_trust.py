"""How far the shipped saxs-sem models can be trusted, on films that nothing was fitted on.

    python benchmarks/morphology_trust.py -n 200 --members 40    # the shipped model files
    python benchmarks/morphology_trust.py --model my.onnx --reverse my-reverse.onnx
    python benchmarks/morphology_trust.py --sas2d ../shared/data/sas2d --figures cards

Test films come from a seed of their own. Beside the ensemble stand the training climatology (the
curves of `--reference` films of another seed), the film of that seed whose scattering is nearest
(one crop of it, and several as an ensemble), and the floor: other crops of the very same film.
Everything is simulated, but for `--sas2d`: frames of other laboratories, of which nothing is known.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from morphology_faults import FRAMES, HARMLESS, MICROGRAPHS, Fault
from morphology_films import CROPS, CURVES, Films, curves, films
from morphology_judge import Judge, limits, with_fields

from xmodkit.calibration import widened
from xmodkit.errors import InputError
from xmodkit.measured import scalar_rows
from xmodkit.modality import Array
from xmodkit.pair import Failure, Sample
from xmodkit.prediction import Prediction
from xmodkit.scores import bound_scores, field_scores, finite, inside_share, scalar_scores
from xmodkit_saxs_sem.metrics.ensembles import crps
from xmodkit_saxs_sem.report.baselines import nearest
from xmodkit_saxs_sem.simulator import VERSION
from xmodkit_saxs_sem.simulator.foreign import FOREIGN, foreign_frame

REFERENCE_SEED, TEST_SEED = 1, 31
COVERAGE = 0.9


def bounds_of_curves(judge: Judge, found: Prediction, test: Films, known: Films) -> dict[str, Any]:
    """Print coverage and width of the bounds of S(r) and lineal paths, of one crop and of ten."""
    scores: dict[str, Any] = {}
    for name in CURVES:
        value, truth = found.fields[name], test.truth(name)
        bounds = limits(value)
        others = test.crops[name][:, 1:].reshape(-1, truth.shape[1])
        reference, novelty = known.truth(name), found.novelty
        one = field_scores(truth, value.value, *bounds, novelty, reference, COVERAGE)
        ten = bound_scores(
            others,
            *(np.repeat(bound, CROPS, axis=0) for bound in bounds),
            np.repeat(novelty, CROPS),
            reference,
            COVERAGE,
        )
        factor = judge.predict.predictor.calibration.curve.get(name, 1.0)
        whole = bound_scores(truth, *widened(*bounds, factor), novelty, reference, COVERAGE)
        shares = inside_share(truth, *bounds)[~np.isnan(bounds[0]).any(axis=1)]
        error = f"{shares.std() / np.sqrt(len(shares)):.3f}" if len(shares) else "-"
        scores[name] = {"one_crop": one, "ten_crops": ten, "curve_bounds": whole}
        print(
            f"{name}: MAE {one['mae']:.4f} (climatology {one['mae_of_training_mean']:.4f}), pooled "
            f"R2 {one['r2_pooled']:.3f}\n"
            f"  one crop  {_coverage(one)}, standard error {error}\n"
            f"  ten crops {_coverage(ten)}\n"
            f"  bounds of whole curves (x {factor:.2f}): {_share(whole, 'coverage_whole_curve')} "
            f"of curves inside, width {_share(whole, 'relative_width', '.2f')}"
        )
    return scores


def skill(found: Prediction, test: Films, known: Films) -> dict[str, Any]:
    """Print the CRPS of the ensemble and of what needs no network: lower is better."""
    members = curves(found.fields["ensemble"].value)
    logs = [np.nan_to_num(each.log) for each in (known, test)]
    seen = [~np.isnan(each.log) for each in (known, test)]
    like = nearest(logs[0], seen[0], logs[1], seen[1])
    table: dict[str, dict[str, float]] = {}
    for name in CURVES:
        truth = test.truth(name)
        climate = np.broadcast_to(known.truth(name), (len(truth), *known.truth(name).shape))
        scores = {
            f"the model, {members[name].shape[1]} members": crps(members[name], truth),
            "training climatology": crps(climate, truth),
            "nearest film, one crop": np.abs(known.truth(name)[like] - truth),
            f"nearest film, {CROPS + 1} crops": crps(known.crops[name][like], truth),
            "floor: other crops of the film": crps(test.crops[name][:, 1:], truth),
        }
        table[name] = {kind: float(score.mean()) for kind, score in scores.items()}
    print(f"{'CRPS, mean over bins':<32}" + "".join(f"{name:>24}" for name in CURVES))
    for kind in table[CURVES[0]]:
        print(f"  {kind:<30}" + "".join(f"{table[name][kind]:>24.5f}" for name in CURVES))
    return table


def derived(
    judge: Judge, found: Prediction, truth: Mapping[str, Array], known: Mapping[str, Array]
) -> dict[str, Any]:
    """Print errors, coverage and width of the derived scalars, as calibration counts them."""
    true, reference = (judge.pair.derive(each, judge.route) for each in (truth, known))
    table: dict[str, Any] = {}
    for field in judge.pair.derived(judge.route):
        scalar, right = found.derived[field.name], true[field.name].value
        rows = scalar_rows(right, truth)
        if scalar.lower is None or scalar.upper is None:
            print(f"{field.name}: without bounds")
            continue
        table[field.name] = s = scalar_scores(
            right[rows], scalar.value[rows], scalar.lower[rows], scalar.upper[rows],
            found.novelty[rows], reference[field.name].value,
            field.valid_range or (-np.inf, np.inf), COVERAGE,
        )  # fmt: skip
        about = "" if field.unit == "1" else f" {field.unit}"
        if field.name == "orientation":
            away = np.abs((scalar.value - right + 90) % 180 - 90)
            s["mae_axial"] = float(np.nanmean(away))
            about += f" (the short way round {s['mae_axial']:.3g})"
        print(
            f"{field.name}: MAE {s.get('mae', np.nan):.3g}{about}, training median "
            f"{_share(s, 'mae_of_training_median', '.3g')}; {_coverage(s)}; {rows.sum()} rows, "
            f"{s['only_truth_has_one']} missed, {s['only_prediction_has_one']} invented"
        )
    return table


def faulty(
    samples: Sequence[Sample], source: str, faults: Mapping[str, Fault]
) -> Iterator[tuple[str, list[Sample], bool]]:
    """Yield samples with each fault: the name, the samples, and that their truth is known."""
    for number, (name, fault) in enumerate(faults.items()):
        rng = np.random.default_rng(number)
        changed = [with_fields(s, source, fault(s.arrays[source], rng)) for s in samples]
        yield f"{name}{' *' if name in HARMLESS else ''}", changed, True


def foreign(n: int) -> Iterator[tuple[str, list[Sample], bool]]:
    """Yield frames of other instruments and other physics, of which no truth is known."""
    for number, name in enumerate(FOREIGN):
        rng = np.random.default_rng((TEST_SEED, number))
        frames = [Sample(f"{name}-{i}", {"saxs": foreign_frame(name, rng)}) for i in range(n)]
        yield f"foreign: {name}", frames, False


def morphologies(judge: Judge, test: Films, known: Films, few: int) -> dict[str, Any]:
    """Judge saxs:sem and print it."""
    print(f"\nsaxs:sem, {_told(judge)}")
    found = judge.predict(judge.rows(test.samples))
    alarms = _alarms(found)
    scores = {"curves": bounds_of_curves(judge, found, test, known)}
    scores["crps"] = skill(found, test, known)
    images = {"micrograph": test.image}, {"micrograph": known.image}
    scores["derived"] = derived(judge, found, *images)

    def kinds() -> Iterator[tuple[str, list[Sample], bool]]:
        yield from faulty(test.samples[:few], "saxs", FRAMES)
        yield from foreign(few)

    scores["detection"] = judge.detection(found, test.truth("two_point"), kinds())
    return {**scores, "false_alarms": alarms}


def scattering(judge: Judge, test: Films, known: Films, few: int) -> dict[str, Any]:
    """Judge sem:saxs and print it."""
    print(f"\nsem:saxs, {_told(judge)}")
    found = judge.predict(judge.rows(test.samples))
    alarms = _alarms(found)
    value = found.fields["log_intensity"]
    flat = [a.reshape(len(a), -1) for a in (test.log, value.value, *limits(value))]
    reference = known.log.reshape(len(known.log), -1)
    log = field_scores(*flat, found.novelty, reference, COVERAGE)
    del log["r2_per_channel"]
    print(
        f"log_intensity: MAE {log['mae']:.4f} decades (climatology "
        f"{log['mae_of_training_mean']:.4f}), pooled R2 {log['r2_pooled']:.3f}\n  {_coverage(log)}"
    )
    patterns = {"log_intensity": test.log}, {"log_intensity": known.log}
    scores = {"log_intensity": log, "derived": derived(judge, found, *patterns)}
    kinds = faulty(test.samples[:few], "sem", MICROGRAPHS)
    scores["detection"] = judge.detection(found, test.log, kinds)
    return {**scores, "false_alarms": alarms}


def elsewhere(judge: Judge, folder: Path, figures: Path | None) -> list[dict[str, Any]]:
    """Print what is said of the frames in a folder, and draw their cards."""
    print(f"\nframes of {folder}, {_told(judge)}")
    table: list[dict[str, Any]] = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in judge.pair.suffixes):
        for number, sample in enumerate(judge.pair.read(path, judge.route, {})):
            row: dict[str, Any] = {"file": path.name, "frame": number}
            try:
                if isinstance(sample, Failure):
                    raise InputError(sample.error)
                (fields,) = judge.rows([sample])
                found = judge.predict([fields])[0]
            except InputError as error:
                row["refused"] = str(error)
                print(f"  {path.name}: refused: {error}")
            else:
                q = np.hypot(fields["qx"], fields["qy"])[fields["mask"] > 0]
                row |= {"known_q": bool(q.any()), "q_max": float(q.max())}
                row |= {"novelty": float(found.novelty), "novel": bool(found.novel)}
                row |= {name: float(d.value) for name, d in found.derived.items()}
                told = ", ".join(f"{k} {v:.3g}" for k, v in row.items() if isinstance(v, float))
                flags = f"q {'known' if row['known_q'] else 'not known'}, novel: {row['novel']}"
                print(f"  {path.name}: {flags}, {told}")
                if figures and (card := judge.pair.draw(sample, found, judge.route)):
                    figures.mkdir(parents=True, exist_ok=True)
                    card.save(figures / f"{path.stem}-{number}.png")
            table.append(row)
    return table


def _told(judge: Judge) -> str:
    file, calibration = judge.predict.predictor.file, judge.predict.predictor.calibration
    return (
        f"{file.path.name} ({file.identity[:12]}) on {judge.predict.device}, "
        f"{calibration.rows} rows of calibration"
    )


def _alarms(found: Prediction) -> float:
    assert found.novel is not None
    share = float(found.novel.mean())
    print(f"novel among {len(found.novel)} familiar rows: {share:.1%} (5 % at most is the aim)")
    return share


def _coverage(s: Mapping[str, Any]) -> str:
    thirds = s.get("coverage_by_novelty_third") or (None,)
    parts = [
        f"coverage {_share(s, 'coverage')}",
        f"by third of novelty {' / '.join('-' if c is None else f'{c:.3f}' for c in thirds)}",
        f"width {_share(s, 'relative_width', '.2f')} of the unconditional interval",
    ]
    for name, words in (("worst_channel", "worst bin"), ("whole_curve", "whole curves")):
        if f"coverage_{name}" in s:
            parts.insert(1, f"{words} {_share(s, f'coverage_{name}')}")
    return ", ".join(parts)


def _share(scores: Mapping[str, Any], name: str, form: str = ".3f") -> str:
    value = scores.get(name)
    return "-" if value is None else format(value, form)


def main() -> None:
    """Run the study, or only look at frames from elsewhere."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="of saxs:sem; the shipped one by default")
    parser.add_argument("--reverse", type=Path, help="of sem:saxs; the shipped one by default")
    parser.add_argument("-n", type=int, default=200, help="test films")
    parser.add_argument("--members", type=int, default=40, help="of an ensemble")
    parser.add_argument("--reference", type=int, default=400, help="films of the climatology")
    parser.add_argument("--faulty", type=int, default=40, help="rows of each fault")
    parser.add_argument("--seed", type=int, default=TEST_SEED, help="of the test films")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, help="write the scores as JSON, too")
    parser.add_argument("--sas2d", type=Path, help="only look at the frames of this folder")
    parser.add_argument("--figures", type=Path, help="where their cards go")
    given = parser.parse_args()
    print("python", *sys.argv)
    forward = Judge("saxs:sem", given.model, given.device, n=given.members)
    if given.sas2d:
        scores: Any = elsewhere(forward, given.sas2d, given.figures)
    else:
        backward = Judge("sem:saxs", given.reverse, given.device)
        known = films(given.reference, REFERENCE_SEED, keep=False)
        test = films(given.n, given.seed)
        print(
            f"simulator {VERSION}: {given.n} test films of seed {given.seed}, {given.reference} of "
            f"seed {REFERENCE_SEED} as climatology, {given.faulty} rows of each fault; * harmless"
        )
        few = min(given.faulty, given.n)
        scores = {
            "saxs:sem": morphologies(forward, test, known, few),
            "sem:saxs": scattering(backward, test, known, few),
        }
    if given.json:
        given.json.write_text(json.dumps(finite(scores), indent=1))


if __name__ == "__main__":
    main()
