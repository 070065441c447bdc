"""Complete a prediction with what its pair derives from it."""

from __future__ import annotations

from dataclasses import replace

from xmodkit.modality import coordinates
from xmodkit.pair import ModalityPair, Predictor, Route
from xmodkit.prediction import Prediction

__all__ = ["complete_prediction"]


def complete_prediction(
    pair: ModalityPair, route: Route, predictor: Predictor, prediction: Prediction
) -> Prediction:
    """Add derived scalars with their own bounds to a batch of predicted fields.

    Scalars that a predictor gave itself, as a fit does, stay with the bounds it gave them.
    """
    fields = {name: value.value for name, value in prediction.fields.items()}
    for value in prediction.fields.values():
        fields |= coordinates(value.axes)
    derived = pair.derive(fields, route)
    calibration = getattr(predictor, "calibration", None)
    if calibration is not None:
        derived = calibration.bound(derived, prediction.novel)
    return replace(prediction, derived={**derived, **prediction.derived})
