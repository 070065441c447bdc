"""A physical simulator of the pair: printed oxides on glass, scanned and measured."""

from xmodkit_uvvis.simulator.simulate import SIMULATOR_VERSION, SimulatorOptions, simulate

__all__ = ["SIMULATOR_VERSION", "SimulatorOptions", "simulate"]
