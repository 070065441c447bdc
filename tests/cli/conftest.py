"""Run `xmod` as people do, and share one run over the example scans."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


KEYS = ["in", "out", "failed", "skipped", "novel", "device", "samples_per_s", "model", "store"]


@dataclass(frozen=True)
class Ran:
    """What one call gave: its exit code, its lines on stdout and on stderr."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on stderr, without what a model says of itself."""
        return [line for line in self.err.splitlines() if not line.startswith("note: ")]

    @property
    def summary(self) -> dict:
        """Return the summary, which must be all that stands on stdout."""
        (line,) = self.out.splitlines()
        values = json.loads(line)
        assert list(values) == KEYS
        assert values["in"] == values["out"] + values["failed"]
        return values


def call(*args: object, cwd: Path, code: str = "", **env: str) -> Ran:
    """Run `xmod` (or Python code) in a process of its own; no call may print a traceback."""
    start = ["-c", code] if code else ["-m", "xmodkit_cli"]
    done = subprocess.run(
        [sys.executable, *start, *map(str, args)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=240,
    )
    if "--debug" not in args and not code:
        assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def scans() -> Path:
    """Return the folder of example scans."""
    return ROOT / "examples" / "scans"


@pytest.fixture(scope="session")
def plate() -> Path:
    """Return the example scan of a whole plate."""
    return ROOT / "examples" / "plate.png"


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs `xmod` in a process of its own, in a fresh folder."""
    return lambda *args, **more: call(*args, cwd=tmp_path, **more)


@pytest.fixture
def xmod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Return a function that runs `xmod` within this process, in a fresh folder: it is faster."""
    from xmodkit_cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["xmod", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


@dataclass(frozen=True)
class Inferred:
    """A finished run of `infer` over the example scans."""

    ran: Ran
    folder: Path
    store: Path
    csv: Path


@pytest.fixture(scope="session")
def inferred(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Inferred:
    """Return one run over the example scans that several tests look at; they must not change it."""
    folder = tmp_path_factory.mktemp("inferred")
    args = ["--plugin", "uvvis", scans, "-o", "out.zarr", "--csv", "tables/gaps.csv"]
    ran = call("infer", *args, "--keep-inputs", "--json", cwd=folder)
    return Inferred(ran, folder, folder / "out.zarr", folder / "tables" / "gaps.csv")
