"""Simulated samples depend on the seed and their number alone, and say that they are simulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xmodkit.errors import MissingExtraError, UsageError
from xmodkit_xes.modalities import SPECTRA, STRUCTURE
from xmodkit_xes.simulator import VERSION, simulate


def test_a_sample_is_the_same_alone_and_among_others() -> None:
    """The second of two equals the one that is asked for by its number; it fits its fields."""
    pytest.importorskip("pyscf")
    _, second = simulate(2, 7, {})
    (alone,) = simulate(1, 7, {}, start=1)
    assert alone.id == second.id == "h2o-7-000001"
    assert alone.metadata == second.metadata
    known = {modality.name: modality for modality in (STRUCTURE, *SPECTRA)}
    for name, arrays in second.arrays.items():
        known[name].at(second.coordinates).check(arrays)
        for field, array in arrays.items():
            np.testing.assert_array_equal(alone.arrays[name][field], array)
    assert second.metadata["simulated"] is True
    assert second.metadata["simulator_version"] == VERSION
    assert second.metadata["absorber"] == "O"
    assert set(second.groups) == {"unit", "structure", "system"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"system": "nh3"}, "h2o expected"),
        ({"sampling": "md"}, "one of boltzmann, wigner expected"),
        ({"temperature": 20_000.0}, "50 to 8000 expected"),
    ],
)
def test_options_that_mean_nothing_are_refused_at_once(options: dict[str, Any], why: str) -> None:
    """Before the first sample is asked for."""
    with pytest.raises(UsageError, match=why):
        simulate(1, 0, options)


def test_negative_numbers_are_refused() -> None:
    """Numbers of samples and seeds start at zero."""
    with pytest.raises(UsageError, match="n is -1"):
        simulate(-1, 0, {})


def test_without_pyscf_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predicting needs none; simulating says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "pyscf", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'xmodkit\[train\]'"):
        next(simulate(1, 0, {}))
