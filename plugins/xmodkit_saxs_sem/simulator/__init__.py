"""A simulator of block-copolymer films on gratings: small-angle scattering and micrographs."""

from xmodkit_saxs_sem.simulator.foreign import FOREIGN, foreign_frame
from xmodkit_saxs_sem.simulator.infobar import with_info_bar
from xmodkit_saxs_sem.simulator.simulate import SIMULATE_OPTIONS, VERSION, simulate
from xmodkit_saxs_sem.simulator.source import code_hash

__all__ = [
    "FOREIGN",
    "SIMULATE_OPTIONS",
    "VERSION",
    "code_hash",
    "foreign_frame",
    "simulate",
    "with_info_bar",
]
