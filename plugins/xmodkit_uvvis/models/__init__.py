"""Models of the pair (torch)."""

from xmodkit_uvvis.models.vae_aspm import VaeAspm

__all__ = ["MODELS", "VaeAspm"]

MODELS = {VaeAspm.name: VaeAspm}
