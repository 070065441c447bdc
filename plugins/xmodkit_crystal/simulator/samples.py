"""A crystal as a sample, whatever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xmodkit.pair import Sample
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.structure import Crystal

__all__ = ["crystal_sample"]


def crystal_sample(
    crystal: Crystal,
    name: str,
    metadata: Mapping[str, Any],
    groups: Mapping[str, str] | None = None,
    source: str = "",
    ordinal: int = 0,
) -> Sample:
    """Return a sample of one crystal, grouped by its reduced formula and by itself.

    `material` is what shall never be both learned from and judged on: crystals of a formula or,
    of those made from structure types, of a formula and a type.
    """
    formula = reduced_formula(crystal.numbers)
    return Sample(
        name,
        {
            "crystal": {
                "numbers": crystal.numbers.astype(np.int32),
                "fractional": crystal.fractional.astype(np.float32),
                "cell": crystal.cell.astype(np.float32),
            }
        },
        source=source,
        ordinal=ordinal,
        metadata={"formula": formula, **metadata},
        groups={"formula": formula, "material": formula, "sample": name, **(groups or {})},
    )
