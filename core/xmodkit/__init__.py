"""xmodkit: predict one measurement of a material from another, next to the instrument."""

from importlib.metadata import version

from xmodkit.errors import (
    DataError,
    DeviceError,
    InputError,
    ModelFileError,
    PluginError,
    StoreError,
    UsageError,
    XmodError,
)
from xmodkit.hooks import hookimpl
from xmodkit.load import LoadedPredictor, load
from xmodkit.modality import Axis, Field, Modality
from xmodkit.pair import Failure, ModalityPair, Option, Route, Sample
from xmodkit.prediction import Derived, Prediction, Value

__version__ = version("xmodkit")

__all__ = [
    "Axis",
    "DataError",
    "Derived",
    "DeviceError",
    "Failure",
    "Field",
    "InputError",
    "LoadedPredictor",
    "Modality",
    "ModalityPair",
    "ModelFileError",
    "Option",
    "PluginError",
    "Prediction",
    "Route",
    "Sample",
    "StoreError",
    "UsageError",
    "Value",
    "XmodError",
    "__version__",
    "hookimpl",
    "load",
]
