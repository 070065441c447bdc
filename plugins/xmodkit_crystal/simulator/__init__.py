"""A simulator by substitution: crystals of chosen elements in the structure types of others."""

from xmodkit_crystal.simulator.simulate import (
    SIMULATE_OPTIONS,
    VERSION,
    simulate,
    simulate_options,
    types,
)

__all__ = ["SIMULATE_OPTIONS", "VERSION", "simulate", "simulate_options", "types"]
