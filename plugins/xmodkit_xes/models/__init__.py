"""Models of the pair (torch)."""

from xmodkit.model import Model
from xmodkit_xes.models.eca import Eca
from xmodkit_xes.models.ednn import Ednn
from xmodkit_xes.models.emulator import Emulator
from xmodkit_xes.models.nnca import Nnca
from xmodkit_xes.models.site import Site

__all__ = ["MODELS", "Eca", "Ednn", "Emulator", "Nnca", "Site"]

_ALL: tuple[type[Model], ...] = (Site, Emulator, Ednn, Nnca, Eca)

MODELS: dict[str, type[Model]] = {model.name: model for model in _ALL}
