"""Figures of a judged run: energies, stability, the latent space, crystals that came back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from xmodkit.evaluation import TRAINING_MEAN, Evaluation
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit.report.style import style
from xmodkit_crystal.report import crystal_figures
from xmodkit_crystal.report.comparison import Comparison
from xmodkit_crystal.report.energy import energy_parity
from xmodkit_crystal.report.latents import families, latent_map, principal_components
from xmodkit_crystal.report.reconstruction import reconstruction_figure, scores
from xmodkit_crystal.report.stability import rankings, recall_at, stability_figure
from xmodkit_crystal.structure import Crystal

for _library in ("matplotlib", "pymatgen", "spglib", "sklearn"):
    pytest.importorskip(_library)

STRETCHED = 1.02


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with style():
        yield


@pytest.fixture
def returned(
    images_of: Callable[..., Prediction],
    judge: Callable[..., Evaluation],
    make: Callable[..., Sample],
) -> Evaluation:
    """Return six crystals that come back 2 % too long."""
    samples = [make(i) for i in range(6)]
    model = SimpleNamespace(details=lambda route, held: {})
    return judge(
        samples,
        Prediction({}),
        model=model,
        routes=("crystal:latent", "crystal:crystal"),
        predict=lambda route, samples, like: images_of(STRETCHED, samples),
    )


def test_every_figure_is_a_picture_with_a_caption(
    energies: Evaluation, returned: Evaluation
) -> None:
    figures = [*crystal_figures(energies), *crystal_figures(returned)]
    assert [f.name for f in figures] == ["energy", "stability", "latent", "reconstruction"]
    for figure in figures:
        with Image.open(io.BytesIO(figure.picture)) as picture:
            assert picture.width > 900
        assert figure.caption.endswith(".")


def test_energies_without_an_answer_or_a_truth_count_for_no_error(energies: Evaluation) -> None:
    figure = energy_parity(energies)
    assert figure is not None
    rows = {row.quantity: row.values for row in figure.rows}
    for kind in ("MAE", "RMSE", "median absolute error"):
        assert rows[f"formation energy: {kind}"]["mine"] == pytest.approx(0.1, abs=1e-5)
        floor = rows[f"formation energy: {kind}"][TRAINING_MEAN]
        assert floor is not None
        assert floor > 0.4
    assert figure.numbers["coverage"] == 1
    assert figure.numbers["coverage_by_novelty_third"] == [1, 1, 1]
    np.testing.assert_allclose(figure.numbers["width_by_novelty_third"], 0.3, rtol=1e-5)
    value = energies.prediction.fields["formation_energy"].value
    known = ~np.isnan(energies.truth["formation_energy"])
    assert figure.numbers["with_bounds"] == (~np.isnan(value[known])).sum()


def test_energies_without_bounds_are_drawn_all_the_same(energies: Evaluation) -> None:
    fields = dict(energies.prediction.fields)
    fields["formation_energy"] = replace(fields["formation_energy"], lower=None, upper=None)
    bare = replace(energies, prediction=replace(energies.prediction, fields=fields))
    figure = energy_parity(bare)
    assert figure is not None
    assert "coverage" not in figure.numbers


def test_a_run_that_answers_nothing_has_no_errors(energies: Evaluation) -> None:
    fields = dict(energies.prediction.fields)
    nothing = np.full(len(energies.samples), np.nan, np.float32)
    fields["formation_energy"] = Value(nothing, nothing, nothing)
    figure = energy_parity(
        replace(energies, prediction=replace(energies.prediction, fields=fields))
    )
    assert figure is not None
    assert figure.rows == ()
    assert figure.numbers["answered"] == figure.numbers["with_bounds"] == 0


def test_the_rankings_are_at_the_models_threshold_and_at_rarer_ones(energies: Evaluation) -> None:
    own, *rarer = rankings(energies)
    assert [ranking.below for ranking in (own, *rarer)] == [0.5, 0.2, 0.0]
    truth = energies.truth["formation_energy"]
    true = truth[~np.isnan(truth)]
    np.testing.assert_array_equal(own.stable, true < 0.5)
    stated = energies.prediction.fields["stability"].value[~np.isnan(truth)]
    np.testing.assert_array_equal(own.scores["mine"][~np.isnan(stated)], stated[~np.isnan(stated)])
    assert (own.scores["mine"][np.isnan(stated)] < np.nanmin(stated)).all()


def test_an_order_that_knows_nothing_scores_the_prevalence(energies: Evaluation) -> None:
    for ranking in rankings(energies):
        found = ranking.average_precisions()
        assert found[TRAINING_MEAN] == pytest.approx(ranking.stable.mean())
        mine = found["mine"]
        assert mine is not None
        assert mine > ranking.stable.mean()
    figure = stability_figure(energies)
    assert figure is not None
    told = figure.numbers["by_threshold"][0]
    assert told["prevalence"] == pytest.approx(told["stable"] / told["samples"])
    assert {row.quantity for row in figure.rows} >= {
        "stable (< 0.5 eV/atom): average precision",
        "stable (< 0.5 eV/atom): recall in the top 1 %",
    }


def test_recall_of_the_first_percent_is_what_ties_let_expect() -> None:
    stable = np.arange(300) < 6
    perfect = stable.astype(float)
    assert recall_at(perfect, stable, 0.01) == pytest.approx(0.5)  # three of six
    assert recall_at(-perfect, stable, 0.01) == 0
    assert recall_at(np.zeros(300), stable, 0.01) == pytest.approx(0.01)


def test_probabilities_that_come_true_are_reliable(
    judge: Callable[..., Evaluation], make: Callable[..., Sample]
) -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(1)
    stated = rng.uniform(0, 1, 2000).astype(np.float32)
    stable = rng.uniform(0, 1, 2000) < stated
    one = make(0)
    samples = [replace(one, metadata={"formation_energy": 1.0 - float(s)}) for s in stable]
    told = {}
    for name, values in (("true", stated), ("too sure", (stated > 0.5).astype(np.float32))):
        prediction = Prediction({"stability": Value(values)})
        figure = stability_figure(judge(samples, prediction))
        assert figure is not None
        told[name] = figure.numbers
    assert told["true"]["calibration_error"] < 0.04 < 0.2 < told["too sure"]["calibration_error"]
    assert told["true"]["brier"] < told["true"]["brier_of_prevalence"]
    expected = average_precision_score(stable, stated)
    assert told["true"]["by_threshold"][0]["average_precision"]["mine"] == pytest.approx(expected)


def test_one_kind_of_crystals_is_not_ranked(
    energies: Evaluation, make: Callable[..., Sample]
) -> None:
    high = replace(energies, samples=[make(i, 3.0) for i in range(len(energies.samples))])
    unknown = replace(energies, samples=[make(i) for i in range(len(energies.samples))])
    assert stability_figure(high) is None
    assert stability_figure(unknown) is None


def test_the_widest_direction_of_the_latents_comes_first(energies: Evaluation) -> None:
    latents = np.asarray(energies.prediction.latent, float)
    places, explained = principal_components(latents)
    assert abs(np.corrcoef(places[:, 0], latents[:, 0])[0, 1]) > 0.99
    assert explained.sum() == pytest.approx(1)
    assert (np.diff(explained) <= 0).all()
    again, _ = principal_components(-latents[:, ::-1])
    np.testing.assert_allclose(np.abs(again), np.abs(places), atol=1e-9)


def test_elements_at_the_end_of_a_latent_do_not_outweigh_it(energies: Evaluation) -> None:
    latents = energies.prediction.latent
    assert latents is not None
    numbers = np.array([[22 + i % 4, 8, 0, 0, 0] for i in range(len(latents))], np.float32)
    longer = replace(energies.prediction, latent=np.hstack([latents, numbers]))
    plain, more = latent_map(energies), latent_map(replace(energies, prediction=longer))
    assert plain is not None
    assert more is not None
    assert more.numbers == plain.numbers


def test_families_are_what_tells_crystals_apart(make: Callable[..., Sample]) -> None:
    assert set(families([make(i) for i in range(8)])) == {"TiO", "VO", "CrO", "MnO"}
    many = [
        _of(metal, anion, atoms) for metal in range(21, 31) for anion in (8, 16) for atoms in (2, 3)
    ]
    assert set(families(many)) == {"AB", "AB2"}
    alike = [_of(metal, anion, 3) for metal in range(21, 31) for anion in (8, 16)]
    assert set(families(alike)) == {"O", "S"}


def test_a_run_that_does_not_lead_back_has_no_reconstruction(energies: Evaluation) -> None:
    assert reconstruction_figure(energies) is None


def test_crystals_that_come_back_too_large_match_and_their_cells_are_told_off(
    returned: Evaluation,
) -> None:
    figure = reconstruction_figure(returned)
    assert figure is not None
    told = figure.numbers["mine"]
    assert told["crystals"] == 6
    assert told["match_rate"] == told["match_rate_strict"] == told["same_atoms"] == 1
    assert told["edge_error_percent"] == pytest.approx(2, abs=0.1)
    assert told["angle_error"] < 0.1
    assert told["rms"] < 1e-3
    quantities = {row.quantity: row for row in figure.rows}
    assert "0.975" in quantities["reconstruction: match rate, stol 0.5"].published


def test_a_crystal_that_is_lost_counts_against_every_rate(make: Callable[..., Sample]) -> None:
    from xmodkit_crystal.reading.arrays import to_crystal

    crystals = [to_crystal(make(i).arrays["crystal"]) for i in range(4)]
    other = Crystal(crystals[2].numbers[::-1] + 1, crystals[2].fractional, crystals[2].cell)
    told = scores(Comparison(crystals, [crystals[0], None, other, crystals[3]]))
    assert told["decoded"] == 0.75
    assert told["match_rate"] == told["match_rate_strict"] == told["same_atoms"] == 0.5
    assert told["edge_error_percent"] == 0
    nothing = scores(Comparison(crystals, [None] * 4))
    assert nothing["match_rate"] == 0
    assert nothing["rms"] is nothing["edge_error_percent"] is None


def _of(metal: int, anion: int, atoms: int) -> Sample:
    numbers = np.array([metal, *[anion] * (atoms - 1)])
    return Sample("s", {"crystal": {"numbers": numbers}})
