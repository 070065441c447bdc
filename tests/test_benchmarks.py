"""Benchmarks take hours and so are no tests; that they import what there is, is one."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")

FOLDER = Path(__file__).parents[1] / "benchmarks"
FILES = sorted(FOLDER.glob("*.py"))


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a file takes from ours, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            top = node.module.split(".")[0]
            if top.startswith("xmodkit") or (FOLDER / f"{top}.py").exists():
                yield from ((node.module, alias.name) for alias in node.names)


def defined(tree: ast.Module) -> set[str]:
    """Return the names that stand in a file at its top level."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        else:
            found |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_benchmark_imports_only_what_there_is(file: Path) -> None:
    for module, name in imported(ast.parse(file.read_text())):
        own = FOLDER / f"{module}.py"
        if own.exists():
            assert name in defined(ast.parse(own.read_text())), f"{module} has no {name}"
        else:
            found = importlib.import_module(module)
            if not hasattr(found, name):
                importlib.import_module(f"{module}.{name}")
