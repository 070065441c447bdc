"""Parts of a split share neither groups nor content, and a saved split says so of its store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from xmodkit.errors import DataError, InputError
from xmodkit.train.splits import PARTS, Splits, split_by_group

IDS = [f"s{i}" for i in range(2000)]
GROUPS = [f"g{i // 10}" for i in range(2000)]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    split_by_group(IDS, GROUPS, 4).save(tmp_path / "split.csv")
    return tmp_path / "split.csv"


def edit(path: Path, row: int, **values: str) -> None:
    """Change columns of one row of a saved split."""
    lines = path.read_text().splitlines()
    cells = dict(zip(lines[0].split(","), lines[row + 1].split(","), strict=True))
    lines[row + 1] = ",".join((cells | values).values())
    path.write_text("\n".join(lines) + "\n")


def test_groups_are_never_split_and_keep_their_part():
    splits = split_by_group(IDS, GROUPS, seed=4)
    assert sorted(np.concatenate([splits[p] for p in PARTS])) == list(range(2000))
    part_of = dict(zip(GROUPS, splits.parts, strict=True))
    assert [part_of[group] for group in GROUPS] == list(splits.parts)
    fewer = split_by_group(IDS[:1500], GROUPS[:1500], seed=4)
    assert fewer.parts == splits.parts[:1500]
    assert splits.hash != fewer.hash


def test_fractions_are_met_within_chance():
    fractions = dict(zip(PARTS, (0.4, 0.1, 0.2, 0.3), strict=True))
    splits = split_by_group(IDS, IDS, 0, fractions)
    for part, share in fractions.items():
        assert len(splits[part]) / 2000 == pytest.approx(share, abs=0.04)


@given(contents=st.lists(st.integers(0, 150), min_size=200, max_size=200), seed=st.integers(0, 9))
def test_equal_content_stays_in_one_part_whatever_the_groups(contents: list[int], seed: int):
    names = [f"c{c}" for c in contents]
    for groups in (IDS[:200], [f"g{i // 2}" for i in range(200)]):
        try:
            splits = split_by_group(IDS[:200], groups, seed, contents=names)
        except DataError:
            continue  # so much is equal that no part is left over
        assert sum(len(splits.contents_of(part)) for part in PARTS) == len(set(names))


def test_too_few_groups_are_refused():
    with pytest.raises(DataError, match="leave no"):
        split_by_group(["a", "b"], ["g", "g"], seed=0)


@given(groups=st.integers(4, 40), seed=st.integers(0, 1000))
def test_every_part_has_a_group_if_there_are_enough(groups: int, seed: int):
    names = [f"g{i // 5}" for i in range(5 * groups)]
    assert all(len(rows) for rows in split_by_group(IDS[: 5 * groups], names, seed).rows.values())


def test_a_saved_split_is_the_same_when_loaded(saved: Path):
    assert saved.read_text().splitlines()[0] == "sample_id,group,content,part"
    assert Splits.load(saved) == split_by_group(IDS, GROUPS, 4)


def test_a_split_is_applied_to_a_store_in_another_order(saved: Path):
    splits = Splits.load(saved)
    turned = splits.applied_to(IDS[::-1], splits.contents[::-1])
    assert turned.parts == splits.parts[::-1]
    assert turned.hash == splits.hash


@pytest.mark.parametrize("column", ["group", "content"])
def test_a_file_that_splits_a_group_or_a_content_is_refused(saved: Path, column: str):
    splits = Splits.load(saved)
    train, test = int(splits["train"][0]), int(splits["test"][0])
    edit(saved, test, **{column: getattr(splits, f"{column}s")[train]})
    with pytest.raises(DataError, match=f"puts {column} .* into"):
        Splits.load(saved)


def test_a_store_whose_samples_changed_is_refused(saved: Path):
    splits = Splits.load(saved)
    with pytest.raises(DataError, match="sample s7 has changed"):
        splits.applied_to(IDS, [*IDS[:7], "other", *IDS[8:]])
    with pytest.raises(DataError, match="sample new is not in the split"):
        splits.applied_to(["new"], ["new"])
    with pytest.raises(DataError, match="1 samples of the split, such as s1999"):
        splits.applied_to(IDS[:-1], IDS[:-1])


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "sample_id,group,content,part\na,b,c,tain\n"])
def test_what_is_no_split_is_refused(tmp_path: Path, text: str):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises((InputError, DataError)):
        Splits.load(tmp_path / "x.csv").applied_to(["a"], ["c"])
