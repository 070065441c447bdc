"""The tiny pair, a store of its samples, and a process that trains it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("tiny.py")


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """Return the module of the tiny pair."""
    pytest.importorskip("torch")
    pytest.importorskip("lightning_fabric")
    return _module("tiny")


@pytest.fixture(scope="session")
def ragged() -> ModuleType:
    """Return the module of the pair whose data shape its models."""
    pytest.importorskip("torch")
    pytest.importorskip("lightning_fabric")
    return _module("ragged")


@pytest.fixture(scope="session")
def ensemble() -> ModuleType:
    """Return the module of the pair whose graph draws an ensemble."""
    pytest.importorskip("torch")
    pytest.importorskip("lightning_fabric")
    return _module("ensemble")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPT.with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def ragged_samples(ragged: ModuleType) -> list:
    """Return 300 samples of the pair whose data shape its models."""
    return list(ragged.Ragged().simulate(300, 0, {}))


@pytest.fixture(scope="session")
def ragged_store(
    ragged: ModuleType, ragged_samples: list, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a store of them."""
    return ragged.write_store(tmp_path_factory.mktemp("ragged") / "samples.zarr", ragged_samples)


@pytest.fixture(scope="session")
def samples(tiny: ModuleType) -> list:
    """Return 300 samples of the tiny pair."""
    return list(tiny.Tiny().simulate(300, 0, {}))


@pytest.fixture(scope="session")
def tiny_store(tiny: ModuleType, samples: list, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of them."""
    return tiny.write_store(tmp_path_factory.mktemp("tiny") / "samples.zarr", samples)


@pytest.fixture(scope="session")
def command() -> list[str]:
    """Return the words that run `xmod` with the tiny pair in a process of its own."""
    return [sys.executable, str(SCRIPT)]


def losses(run: Path) -> list[list[str]]:
    """Return the rows of a run's losses.csv, without the seconds."""
    return [line.split(",")[:-1] for line in (run / "losses.csv").read_text().splitlines()]


@pytest.fixture(name="losses")
def _losses() -> object:
    return losses


def checked(process: subprocess.CompletedProcess[str]) -> str:
    """Return what a process printed; fail with its errors if it failed."""
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture(name="checked")
def _checked() -> object:
    return checked
