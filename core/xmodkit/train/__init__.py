"""The training side (torch): splits, the loop, calibration, scores, and runs on disk."""

from xmodkit.train.fit import Epoch, fit
from xmodkit.train.graph import CalibratedGraph
from xmodkit.train.run import Run
from xmodkit.train.train import TrainJob, train
from xmodkit.train.write import write_model

__all__ = ["CalibratedGraph", "Epoch", "Run", "TrainJob", "fit", "train", "write_model"]
