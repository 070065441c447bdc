"""What was committed survives Ctrl-C and kill -9; a resumed run does each input exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.store import StoreReader

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

N = 300
# One sample a batch: then an interruption cannot change which samples share one, and values of
# two runs are equal to the last bit.
ARGS = ("infer", "--plugin", "uvvis", "scans", "--json", "--batch-size", "1", "--pictures", "60")
# A shell may let background processes ignore Ctrl-C, which Python then does too. A small window
# makes many commits, so that there is much to interrupt.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from xmodkit import pipeline; pipeline.WINDOW = 16\n"
    "from xmodkit_cli.main import main; main()"
)


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CODE, *ARGS, *args]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def commits(store: Path) -> int:
    log = store / "commits/journal/log.jsonl"
    return log.read_bytes().count(b"\n") if log.exists() else 0


def rows(store: Path) -> dict[str, np.ndarray]:
    reader = StoreReader(store)
    return {name: reader.read(name) for name in reader.fields}


@pytest.fixture(scope="module")
def work(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 300 small scans, no two alike, and one file that cannot be read."""
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "scans").mkdir()
    sources = [np.asarray(Image.open(path)) for path in sorted(scans.glob("*.png"))]
    for i in range(N):
        pixels = sources[i % len(sources)][::2, ::2].copy()
        pixels[0, 0] = i % 256, i // 256, 7
        Image.fromarray(pixels).save(folder / "scans" / f"s{i}.png", compress_level=1)
    (folder / "scans" / "s150a.png").write_text("not an image")
    return folder


class Undisturbed:
    """The run that every disturbed one is compared with, and how long it took."""

    def __init__(self, folder: Path) -> None:
        began = time.monotonic()
        process = start(folder, "-o", "undisturbed.zarr")
        out, err = process.communicate(timeout=200)
        self.seconds = time.monotonic() - began
        assert process.returncode == 3, err
        self.summary = json.loads(out)
        self.rows = rows(folder / "undisturbed.zarr")


@pytest.fixture(scope="module")
def undisturbed(work: Path) -> Undisturbed:
    return Undisturbed(work)


def test_an_undisturbed_run_does_every_input_in_natural_order(undisturbed: Undisturbed):
    assert (undisturbed.summary["out"], undisturbed.summary["failed"]) == (N, 1)
    assert list(undisturbed.rows["sample_id"]) == [f"s{i}" for i in range(N)]
    assert len(np.unique(undisturbed.rows["latent"], axis=0)) > N / 2


def check_resumed(folder: Path, out: str, undisturbed: Undisturbed) -> None:
    """Resume a run and compare what is then in the store with the undisturbed run."""
    before = len(StoreReader(folder / out)) if commits(folder / out) else 0
    process = start(folder, "-o", out, "--resume")
    printed, err = process.communicate(timeout=200)
    assert process.returncode == 3, err
    summary = json.loads(printed)
    assert (summary["out"], summary["failed"], summary["skipped"]) == (N - before, 1, before)
    found = rows(folder / out)
    assert found.keys() == undisturbed.rows.keys()
    for name, expected in undisturbed.rows.items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)
    assert StoreReader(folder / out).closed


def kill_often(
    folder: Path, out: str, kills: int, undisturbed: Undisturbed, seed: int
) -> list[int]:
    """Kill runs at random moments, each resuming the one before; return the rows each left.

    Every other moment lies shortly after a commit, the rest anywhere, start and end included. A
    run that ends before its moment is no kill; it did all there was, so another store begins.
    """
    dice = random.Random(seed)
    left: list[int] = []
    while len(left) < kills:
        process = start(folder, "-o", out, "--resume")
        if len(left) % 2:
            moment = dice.uniform(0.1, 1.0) * undisturbed.seconds
            wanted = 1_000_000
        else:
            moment = 120.0
            wanted = max(1, commits(folder / out)) + dice.randint(1, 3)
        began = time.monotonic()
        while time.monotonic() - began < moment and commits(folder / out) < wanted:
            if process.poll() is not None:
                break
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            left.append(len(StoreReader(folder / out)) if commits(folder / out) else 0)
        else:
            assert process.returncode == 3
            check_resumed(folder, out, undisturbed)
            out = f"{len(left)}-{out}"
    check_resumed(folder, out, undisturbed)
    return left


def test_killed_three_times_every_input_is_there_once_with_the_same_values(
    work: Path, undisturbed: Undisturbed
):
    left = kill_often(work, "killed.zarr", 3, undisturbed, seed=1)
    assert any(0 < rows < N for rows in left)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_killed_ten_times_every_input_is_there_once_with_the_same_values(
    work: Path, undisturbed: Undisturbed, seed: int
):
    left = kill_often(work, f"killed{seed}.zarr", 10, undisturbed, seed)
    assert len({rows for rows in left if 0 < rows < N}) >= 2


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, "ended before it could be disturbed"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_killed_right_after_a_commit_the_commit_is_there(work: Path, undisturbed: Undisturbed):
    process = start(work, "-o", "commit.zarr")
    wait_for(process, lambda: commits(work / "commit.zarr") > 1)
    process.kill()
    process.communicate()
    reader = StoreReader(work / "commit.zarr")
    assert 0 < len(reader) <= N
    done = len(reader)
    np.testing.assert_array_equal(reader.read("latent"), undisturbed.rows["latent"][:done])
    check_resumed(work, "commit.zarr", undisturbed)


def test_ctrl_c_ends_with_130_and_a_summary_and_the_rest_can_be_resumed(
    work: Path, undisturbed: Undisturbed
):
    process = start(work, "-o", "ctrl-c.zarr")
    wait_for(process, lambda: commits(work / "ctrl-c.zarr") > 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    summary = json.loads(out)
    assert summary["in"] == summary["out"] + summary["failed"]
    assert summary["out"] == len(StoreReader(work / "ctrl-c.zarr"))
    check_resumed(work, "ctrl-c.zarr", undisturbed)


def test_ctrl_c_before_anything_was_committed_ends_with_130_too(work: Path):
    process = start(work, "-o", "early.zarr")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("note: ")  # the model is loaded, work begins
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "Traceback" not in err, err
