"""`xmod ingest` makes a store of a folder of raw files, and finishes what was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.store import StoreReader

N = 150
ENERGY = np.linspace(1.3, 3.11, 60)
KEYS = ["in", "out", "failed", "duplicates", "skipped", "store"]


def write_sample(raw: Path, name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(raw / "scans" / f"{name}.png", compress_level=1)
    spectrum = rng.uniform(0, 1) / (1 + np.exp(-(ENERGY - 2.2) / 0.1))
    rows = (f"{e:.5f},{a:.6f}" for e, a in zip(ENERGY, spectrum, strict=True))
    text = "\n".join(["energy_eV,absorption", *rows])
    (raw / "spectra" / f"{name}.csv").write_text(text)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 150 pairs, one of them twice, one image no image, one alone."""
    folder = tmp_path_factory.mktemp("ingest")
    for part in ("scans", "spectra"):
        (folder / "raw" / part).mkdir(parents=True)
    for i in range(N):
        write_sample(folder / "raw", f"s{i}", i)
    write_sample(folder / "raw", "s7again", 7)
    (folder / "raw/scans/s70.png").write_text("no image")
    (folder / "raw/spectra/s80.csv").unlink()
    (folder / "raw/README.md").write_text("measured on a Monday")
    return folder


def xmod(work: Path, *args: str, code: str = "") -> subprocess.Popen[str]:
    start = ["-c", code] if code else ["-m", "xmodkit_cli"]
    return subprocess.Popen(
        [sys.executable, *start, *args],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(work: Path, *args: str) -> tuple[int, str, str]:
    process = xmod(work, *args)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


ARGS = ("ingest", "--plugin", "uvvis", "raw", "--json")


def test_a_folder_becomes_a_store_and_one_bad_file_stops_nothing(work: Path):
    code, out, err = call(work, *ARGS, "--out", "one.zarr")
    assert code == 3, err
    summary = json.loads(out.splitlines()[-1])
    assert list(summary) == KEYS
    assert summary == {
        "in": N + 1,
        "out": N - 2,
        "failed": 2,
        "duplicates": 1,
        "skipped": 1,
        "store": "one.zarr",
    }
    assert "s7again has the content of s7" in err
    failed = [json.loads(line) for line in (work / "one.failed.jsonl").read_text().splitlines()]
    assert {record["id"] for record in failed} == {"s70", "s80"}
    reader = StoreReader(work / "one.zarr")
    assert set(reader.fields) == {
        "sample_id",
        "source",
        "scan",
        "absorption",
        "groups",
        "metadata",
    }
    assert reader.attributes["made_by"] == "ingest"


def test_a_store_that_exists_is_refused_resumed_or_replaced(work: Path):
    first = call(work, *ARGS, "--out", "again.zarr")
    assert first[0] == 3
    code, _, err = call(work, *ARGS, "--out", "again.zarr")
    assert code == 2
    assert "--resume" in err
    assert "--overwrite" in err
    resumed = json.loads(call(work, *ARGS, "--out", "again.zarr", "--resume")[1])
    assert (resumed["out"], resumed["skipped"]) == (0, N - 1)
    replaced = json.loads(call(work, *ARGS, "--out", "again.zarr", "--overwrite")[1])
    assert replaced["out"] == N - 2


def test_without_paths_or_with_an_option_of_no_meaning_it_is_a_usage_error(work: Path):
    assert call(work, "ingest", "--plugin", "uvvis")[0] == 2
    code, _, err = call(work, *ARGS, "--out", "u.zarr", "--grid", "9by9")
    assert code == 2
    assert "grid" in err


def test_help_shows_the_pairs_own_options(work: Path):
    code, out, _ = call(work, "ingest", "--plugin", "uvvis", "--help")
    assert code == 0
    for option in ("--absorbance-base", "--quantity", "--grid", "--plate-map"):
        assert option in out
    assert "--lamp" not in out


SLOW_WINDOW = (
    "from xmodkit import ingest; ingest.WINDOW = 4\nfrom xmodkit_cli.main import main; main()"
)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_and_resumed_every_sample_is_there_once(work: Path):
    log = work / "killed.zarr/commits/journal/log.jsonl"
    for commits in (3, 12):
        resume = ["--resume"] if log.exists() else []
        process = xmod(work, *ARGS, "--out", "killed.zarr", *resume, code=SLOW_WINDOW)
        deadline = time.monotonic() + 60
        while not (log.exists() and log.read_bytes().count(b"\n") > commits):
            assert process.poll() is None, "ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.kill()
        process.communicate()
        assert 0 < len(StoreReader(work / "killed.zarr")) < N - 2
    code, out, err = call(work, *ARGS, "--out", "killed.zarr", "--resume")
    assert code == 3, err
    summary = json.loads(out)
    assert summary["out"] + summary["skipped"] == N - 2 + 1
    assert summary["in"] == summary["out"] + summary["failed"] + summary["duplicates"]
    killed = StoreReader(work / "killed.zarr")
    assert call(work, *ARGS, "--out", "whole.zarr")[0] == 3
    whole = StoreReader(work / "whole.zarr")
    for name in whole.fields:
        np.testing.assert_array_equal(killed.read(name), whole.read(name))
