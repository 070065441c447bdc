"""All options of the pair: of reading, of the simulator, of training, of ensembles."""

from __future__ import annotations

from dataclasses import replace

from xmodkit.pair import Option
from xmodkit_saxs_sem.options.ensemble import ENSEMBLE_OPTIONS
from xmodkit_saxs_sem.options.reading import INGEST_OPTIONS, PHI_OPTIONS, READ_OPTIONS
from xmodkit_saxs_sem.options.training import TRAIN_OPTIONS
from xmodkit_saxs_sem.simulator.simulate import SIMULATE_OPTIONS

__all__ = ["OPTIONS"]


def _for_generate(option: Option) -> Option:
    """Return an option of `infer` for `generate` too, which reads a frame as well."""
    return replace(option, commands=(*option.commands, "generate"))


OPTIONS = (
    *(_for_generate(option) for option in (*READ_OPTIONS, *PHI_OPTIONS)),
    *INGEST_OPTIONS,
    *SIMULATE_OPTIONS,
    *TRAIN_OPTIONS,
    *ENSEMBLE_OPTIONS,
)
