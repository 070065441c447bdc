"""From a measured X-ray spectrum back to latent scores and the structure that they fix."""

from xmodkit_xes.inverse.calibrate import calibrate_fit
from xmodkit_xes.inverse.cards import draw_fit
from xmodkit_xes.inverse.encode import encode_curve
from xmodkit_xes.inverse.options import FIT_OPTIONS
from xmodkit_xes.inverse.outputs import derived_fields
from xmodkit_xes.inverse.predictor import InversePredictor
from xmodkit_xes.inverse.report import write_fit

__all__ = [
    "FIT_OPTIONS",
    "InversePredictor",
    "calibrate_fit",
    "derived_fields",
    "draw_fit",
    "encode_curve",
    "write_fit",
]
