"""Which element takes whose places in a latent that is drawn: anions those of anions."""

from __future__ import annotations

from collections.abc import Sequence

from xmodkit_crystal.chemistry.oxidation import electronegativity

__all__ = ["in_roles"]


def in_roles(elements: Sequence[int], usual: Sequence[int]) -> tuple[int, ...]:
    """Return elements in the order of the slots of latents that are drawn.

    Where `usual` elements, as many, are those of most crystals that latents are drawn among, each
    element takes the slot of the usual one that ranks like it in electronegativity: Cl that of O
    and Na that of V. Else elements ascend, as they do in latents of crystals. Raise
    `MissingExtraError` without pymatgen.
    """
    ascending = tuple(sorted(elements))
    if len(ascending) != len(usual) or ascending == tuple(usual):
        return ascending
    ranked = sorted(ascending, key=electronegativity)
    ranks = sorted(usual, key=electronegativity)
    return tuple(ranked[ranks.index(one)] for one in usual)
