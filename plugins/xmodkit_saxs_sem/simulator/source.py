"""Which simulator made a set: the hash of its source, printed beside every figure."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["code_hash"]

# What shapes no sample: examples for tests, and this file.
_APART = ("__init__.py", "foreign.py", "infobar.py", "source.py")


@cache
def code_hash() -> str:
    """Return the sha256 (hex) of the source files that shape a simulated sample."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in _APART:
            text = path.read_text(encoding="utf-8")  # the same whatever ends its lines
            digest.update(f"{path.name}\n{text}".encode())
    return digest.hexdigest()
