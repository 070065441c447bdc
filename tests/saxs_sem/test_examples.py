"""The example files read back, calibrated, as the same samples they were written from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.pair import Sample
from xmodkit_saxs_sem.examples import write_examples
from xmodkit_saxs_sem.pair import SaxsSem
from xmodkit_saxs_sem.reading.raw import read_raw


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return list(write_examples(tmp_path_factory.mktemp("examples")))


@pytest.mark.parametrize("name", ["saxs:sem", "sem:saxs"])
def test_each_route_reads_the_examples_of_its_own(written: list[Path], name: str) -> None:
    """Three samples, whose q is known; those of the other route hold nothing for it."""
    pytest.importorskip("fabio")
    pair = SaxsSem()
    route = pair.route(name)
    samples = [item for path in written for item in pair.read(path, route, {})]
    assert [sample.id for sample in samples] == ["alternating", "hexagonal", "ladders"]
    for sample in samples:
        assert isinstance(sample, Sample), sample
        pair.modality(route.source).check(sample.arrays[route.source])
        if route.source == "saxs":
            assert sample.arrays["saxs"]["qx"].max() > 0.6
            assert sample.arrays["saxs"]["mask"].mean() < 0.99
        else:
            assert min(sample.arrays["sem"]["micrograph"].shape) in (256, 512)
            assert sample.arrays["sem"]["pixel_nm"] == 2


def test_they_are_pairs_and_small(written: list[Path]) -> None:
    """Their table names them for `ingest`, and says that nobody measured them."""
    pytest.importorskip("fabio")
    items = list(read_raw(written, {}))
    assert all(isinstance(item, Sample) for item in items), items
    assert [item.id for item in items] == ["alternating", "hexagonal", "ladders"]
    assert all(item.metadata["simulated"] is True for item in items)
    assert sum(path.stat().st_size for path in written) < 3_000_000


def test_frames_need_no_library_but_the_base_ones(written: list[Path]) -> None:
    """A TIFF as a Pilatus writes it, and text; q in the header of the one, in columns of the other.

    The peaks lie where films of a period of tens of nanometres scatter.
    """
    pair = SaxsSem()
    for path in written:
        if path.parent.name != "saxs" or path.suffix == ".edf":
            continue
        (sample,) = pair.read(path, pair.route("saxs:sem"), {})
        assert isinstance(sample, Sample)
        found = sample.arrays["saxs"]
        q = np.hypot(found["qx"], found["qy"])
        seen = np.where(q > 0.09, found["intensity"], 0)
        assert 0.1 < q.ravel()[seen.argmax()] < 0.5
