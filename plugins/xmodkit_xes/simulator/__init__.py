"""A simulator by density functional theory: one water molecule and its O K-edge spectra."""

from xmodkit_xes.simulator.simulate import SIMULATE_OPTIONS, VERSION, simulate

__all__ = ["SIMULATE_OPTIONS", "VERSION", "simulate"]
