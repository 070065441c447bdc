"""Rows of sites become one prediction per structure: means with bounds of means."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xmodkit.modality import Axis, Field
from xmodkit.pair import Sample
from xmodkit.prediction import Prediction, Value
from xmodkit_xes.combine import SITE_ATOMS, combine_sites, site_fields

AXIS = Axis("xes_energy", 4, "eV", (1.0, 2.0, 3.0, 4.0))


def samples(counts: list[int]) -> list[Sample]:
    return [
        Sample(f"s{i}", {"structure": {"sites": np.arange(count, dtype=np.int32) * 2}})
        for i, count in enumerate(counts)
    ]


def rows(n: int, seed: int = 0) -> Prediction:
    random = np.random.default_rng(seed)
    value = random.normal(size=(n, 4)).astype(np.float32)
    below, above = random.uniform(0.1, 1, (2, n, 4)).astype(np.float32)
    return Prediction(
        {"xes": Value(value, value - below, value + above, axes=(AXIS,))},
        novelty=random.uniform(size=n).astype(np.float32),
        novel=np.zeros(n, bool),
        latent=random.normal(size=(n, 2)).astype(np.float32),
        bounds_source=np.full(n, "simulated"),
    )


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.floats(0.2, 2.0))
def test_a_structure_has_the_mean_of_its_sites(counts: list[int], factor: float):
    owners = np.repeat(np.arange(len(counts)), counts)
    given_rows = rows(len(owners))
    found = combine_sites(samples(counts), given_rows, owners.tolist(), factor)
    mean, sites = found.fields["xes"], found.fields["xes_sites"]
    of_row = given_rows.fields["xes"]
    for i, count in enumerate(counts):
        own = of_row[owners == i]
        np.testing.assert_allclose(mean.value[i], own.value.mean(axis=0), rtol=1e-5, atol=1e-6)
        used = factor if count > 1 else 1.0
        width = (own.upper - own.lower).mean(axis=0) * used
        np.testing.assert_allclose(mean.upper[i] - mean.lower[i], width, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(sites.value[i, :count], own.value)
        assert np.isnan(sites.value[i, count:]).all()
        assert sites.shape[i].tolist() == [count, 4]
        atoms = found.fields[SITE_ATOMS.name].value[i]
        assert atoms.tolist() == [2 * k if k < count else -1 for k in range(max(counts))]
        assert found.novelty[i] == given_rows.novelty[owners == i].max()


def test_one_novel_site_leaves_the_structure_without_bounds():
    given_rows = rows(3)
    given_rows.novel[1] = True
    given_rows.bounds_source[1] = "none"
    for bound in (given_rows.fields["xes"].lower, given_rows.fields["xes"].upper):
        bound[1] = np.nan
    found = combine_sites(samples([2, 1]), given_rows, [0, 0, 1])
    assert found.novel.tolist() == [True, False]
    assert found.bounds_source.tolist() == ["none", "simulated"]
    assert np.isnan(found.lower[0]).all()
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.fields["xes_sites"].lower[0, 0]).all()


def test_rows_without_bounds_and_novelty_have_none_afterwards():
    bare = Prediction({"xes": Value(np.ones((2, 4), np.float32), axes=(AXIS,))})
    found = combine_sites(samples([2]), bare, [0, 0])
    assert found.lower is None
    assert found.novelty is found.novel is found.latent is found.bounds_source is None


def test_the_stored_fields_are_those_of_the_prediction():
    field = Field("xes", (AXIS,), long_name="X-ray emission")
    found = combine_sites(samples([2]), rows(2), [0, 0])
    assert [f.name for f in site_fields(field)] == list(found.fields)
    assert [f.axes for f in site_fields(field)] == [v.axes for v in found.fields.values()]
