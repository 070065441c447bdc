"""PairVAE (Lu & Jayaraman, 2023), written anew and trained here."""

from xmodkit_saxs_sem.models.pairvae.model import PairVae

__all__ = ["PairVae"]
