"""Models of the pair (torch)."""

from xmodkit_uvvis.models.joint import JointVaeAspm
from xmodkit_uvvis.models.vae_aspm import VaeAspm

__all__ = ["MODELS", "JointVaeAspm", "VaeAspm"]

MODELS = {model.name: model for model in (VaeAspm, JointVaeAspm)}
