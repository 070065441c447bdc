"""Whatever is wrong with an input becomes that input's failure, on one line that names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from xmodkit.errors import InputError, UsageError
from xmodkit.inputs import InputFile
from xmodkit.modality import Arrays
from xmodkit.pair import Failure, ModalityPair, Options, Route, Sample
from xmodkit.reading import Finished, Item, Reader, Ready, describe, samples_in_store
from xmodkit.records import sample_columns, sample_rows
from xmodkit.store import StoreWriter

NO_OPTIONS: Options = MappingProxyType({})


def read(pair: ModalityPair, path: Path, options: Options = NO_OPTIONS, **more) -> list[Item]:
    return list(Reader(pair, pair.routes[0], options, **more).read(InputFile(path)))


def test_a_file_yields_its_samples_in_order_and_then_its_end(pair, folder: Callable[..., Path]):
    *ready, end = read(pair, folder(a="10;20;30") / "a.lines")
    assert [item.sample.id for item in ready] == ["a-0", "a-1", "a-2"]
    assert [item.rows[0]["scan"][0, 0, 0] for item in ready] == [10, 20, 30]
    assert {item.key.partition(":")[0] for item in ready} == {end.key}
    assert len({item.key for item in ready}) == 3
    assert end == Finished(end.key, complete=True)
    assert ready[0].nbytes == 4 * 5 * 3


def test_one_bad_sample_does_not_stop_the_others_but_leaves_the_file_incomplete(pair, folder):
    first, bad, last, end = read(pair, folder(a="10;bad;30") / "a.lines")
    assert isinstance(first, Ready)
    assert isinstance(last, Ready)
    assert isinstance(bad, Failure)
    assert not end.complete


def test_a_reader_that_breaks_becomes_a_failure_on_one_line(pair, folder):
    path = folder(a="10;crash;30") / "a.lines"
    ready, failure, end = read(pair, path)
    assert isinstance(ready, Ready)
    assert failure.error == f"{path}: RuntimeError: the reader itself broke"
    assert not end.complete


def test_a_reader_that_breaks_is_raised_when_debugging(pair, folder):
    with pytest.raises(RuntimeError, match="itself broke"):
        read(pair, folder(a="crash") / "a.lines", debug=True)


def test_an_absent_file_is_a_failure_even_when_debugging(pair, tmp_path: Path):
    failure, end = read(pair, tmp_path / "nowhere.lines", debug=True)
    assert failure.error == f"{tmp_path}/nowhere.lines: no such file or folder; check the path"
    assert not end.complete


def test_an_option_that_means_nothing_is_raised_and_not_the_fault_of_the_input(pair, folder):
    with pytest.raises(UsageError, match="--brighter"):
        read(pair, folder(a="usage") / "a.lines")


def test_options_reach_the_reader(pair, folder):
    ready, _ = read(pair, folder(a="10") / "a.lines", {"brighter": 5})
    assert ready.sample.arrays["scan"]["scan"].max() == 15


def test_a_sample_with_nothing_to_predict_from_is_a_failure(pair, folder):
    failure, end = read(pair, folder(a="13") / "a.lines")
    assert failure.id == "a-0"
    assert "nothing in it to predict from" in failure.error
    assert not end.complete


class Wrong(ModalityPair):
    """Yields one sample with the arrays given to it, and encodes it as told."""

    name, suffixes = "tiny", (".lines",)

    def __init__(self, like: ModalityPair, arrays: Arrays, rows: Arrays) -> None:
        self.modalities, self.routes = like.modalities, like.routes
        self.arrays, self.rows = arrays, rows

    def read(self, path: Path, route: Route, options: Options):
        yield Sample("s", {"scan": self.arrays}, str(path))

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        return [self.rows]


GOOD = {"scan": np.zeros((2, 2, 3), np.uint8)}


@pytest.mark.parametrize(
    ("arrays", "rows", "said"),
    [
        ({}, GOOD, "field 'scan' is missing"),
        ({"scan": np.zeros((2, 2, 3))}, GOOD, "float64 given, uint8 expected"),
        ({"scan": np.zeros((2, 2, 4), np.uint8)}, GOOD, "(2, 2, 4) given"),
        (GOOD, {}, "field 'scan' is missing"),
        (GOOD, {"scan": np.zeros((2, 2, 3))}, "float64 given, uint8 expected"),
        (GOOD, {"scan": np.zeros((2, 2), np.uint8)}, "(2, 2) given"),
    ],
)
def test_arrays_that_do_not_fit_fail_alone_and_never_reach_a_batch(
    pair, folder, arrays: Arrays, rows: Arrays, said: str
):
    path = folder(a="10") / "a.lines"
    fields = pair.modality("scan").fields
    failure, _ = read(Wrong(pair, arrays, rows), path, fields=fields)
    assert said in failure.error
    assert failure.error.startswith(f"{path}: ")


def test_samples_that_are_stored_already_are_left_out(pair, folder):
    path = folder(a="10;20;30") / "a.lines"
    first, *_, end = read(pair, path)
    *rest, again = read(pair, path, done={first.key})
    assert [item.sample.id for item in rest] == ["a-1", "a-2"]
    assert again == end


def test_an_input_all_of_whose_samples_are_stored_is_skipped_and_known_to_be_complete(pair, folder):
    path = folder(a="10;20") / "a.lines"
    first, second, end = read(pair, path)
    assert read(pair, path, done={first.key, second.key}) == [Finished(end.key, True, skipped=True)]


def test_a_finished_input_is_skipped_without_being_read(pair, folder):
    path = folder(a="crash") / "a.lines"
    key = InputFile(path).key()
    assert read(pair, path, finished={key}) == [Finished(key, False, skipped=True)]


def test_an_empty_file_is_complete_and_not_skipped(pair, tmp_path: Path):
    (tmp_path / "a.lines").write_text("")
    (end,) = read(pair, tmp_path / "a.lines")
    assert (end.complete, end.skipped) == (True, False)


@pytest.fixture
def store(pair, folder, tmp_path: Path) -> Path:
    modality = pair.modality("scan")
    ready = read(pair, folder(a="10;20 7;30") / "a.lines")[:-1]
    samples = [item.sample for item in ready]
    with StoreWriter.create(tmp_path / "s.zarr", sample_columns([modality])) as writer:
        writer.append(sample_rows(samples, [modality]))
    return tmp_path / "s.zarr"


def test_a_store_is_read_like_the_files_it_was_made_from(pair, store: Path):
    *ready, end = read(pair, store)
    assert [item.sample.id for item in ready] == ["a-0", "a-1", "a-2"]
    assert [item.rows[0]["scan"].shape for item in ready] == [(4, 5, 3), (7, 5, 3), (4, 5, 3)]
    assert {item.sample.source for item in ready} == {str(store)}
    assert end.complete


def test_a_store_without_the_route_s_source_is_refused_naming_what_it_holds(pair, tmp_path: Path):
    level = pair.modality("level")
    with StoreWriter.create(tmp_path / "s.zarr", sample_columns([level])) as writer:
        writer.append(
            {
                "sample_id": ["a"],
                "source": [""],
                "level": np.zeros((1, 3), np.float32),
                "groups": ["{}"],
                "metadata": ["{}"],
            }
        )
    failure, _ = read(pair, tmp_path / "s.zarr")
    assert "holds no scan, which scan:level predicts from" in failure.error
    assert "sample_id, source, level" in failure.error
    with pytest.raises(InputError, match="holds no scan"):
        next(samples_in_store(tmp_path / "s.zarr", pair, pair.routes[0]))


def test_an_error_is_described_on_one_line_with_the_file_named_once():
    assert describe(InputError("it is cut\n short"), "a.png") == "a.png: it is cut short"
    assert describe(InputError("a.png: it is cut"), "a.png") == "a.png: it is cut"
    assert describe(ValueError("odd"), "a.png") == "a.png: ValueError: odd"
    assert describe(KeyError(), "a.png") == "a.png: KeyError: KeyError"
