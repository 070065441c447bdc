"""Models of the pair (torch)."""

from xmodkit.model import Model
from xmodkit_uvvis.models.autoencoder import Vae
from xmodkit_uvvis.models.cvae import Cvae
from xmodkit_uvvis.models.density import Density
from xmodkit_uvvis.models.vae_aspm import VaeAspm

__all__ = ["MODELS", "Cvae", "Density", "Vae", "VaeAspm"]

_ALL: tuple[type[Model], ...] = (Density, VaeAspm, Vae, Cvae)

MODELS: dict[str, type[Model]] = {**{model.name: model for model in _ALL}, "aspm": VaeAspm}
