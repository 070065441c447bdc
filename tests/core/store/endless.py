"""Append known rows to a store for ever, saying how many are committed: made to be killed."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np

from xmodkit.store import StoreWriter, arrays, is_store


def main(path: Path, seed: int, file_limit: int = 0) -> None:
    """Append batches of random size; close and reopen the store now and then."""
    known = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
    random = np.random.default_rng(seed)
    arrays.MAX_SHARD_ROWS = 32
    if file_limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    while True:
        writer = (
            StoreWriter.resume(path)
            if is_store(path)
            else StoreWriter.create(path, known["FIELDS"])
        )
        with writer:
            assert len(writer.keys) == len(writer)
            for _ in range(random.integers(1, 200)):
                first, count = len(writer), int(random.choice([1, 1, 1, 5, 20, 70]))
                writer.append(known["rows"](first, count), keys=known["keys"](first, count))
                print(len(writer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
