"""Draw one sample's card: a crystal and its latent vector, and what is told of it, per route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xmodkit.pair import Route, Sample
from xmodkit.prediction import Prediction
from xmodkit.text import number_text, scalar_text
from xmodkit_crystal.chemistry.symmetry import space_group
from xmodkit_crystal.geometry import canonical
from xmodkit_crystal.origin import from_an_atom
from xmodkit_crystal.pictures.card_frame import (
    MARGIN,
    Fact,
    caption,
    framed_card,
    trust,
    write_facts,
)
from xmodkit_crystal.pictures.panel import PANEL, draw_panel, write_name
from xmodkit_crystal.pictures.scales import draw_latent, draw_probability
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["draw_card"]

_TOP: Final = 40  # of pictures
_SECOND: Final = MARGIN + PANEL[0] + 18  # left of what stands beside the first picture
_WIDE: Final = 330  # of a column with a latent vector
_NARROW: Final = 290  # of a column of text
_STRIP: Final = (34, 96)  # space for ticks, height
_ENERGIES: Final = ("stability", "formation_energy")
_SYMMETRIC_A: Final = 0.1  # what atoms may be off by in a space group


def draw_card(sample: Sample, prediction: Prediction, route: Route) -> Image.Image:
    """Draw the card of a route for one sample (neither batched), RGB."""
    draw = {
        "crystal:latent": _draw_encoded,
        "crystal:crystal": _draw_rebuilt,
        "latent:crystal": _draw_decoded,
        "latent:stability": _draw_judged,
    }
    return draw[route.name](sample, prediction)


def _draw_encoded(sample: Sample, prediction: Prediction) -> Image.Image:
    """From the left: the crystal, its latent vector, how well that holds it, stability."""
    crystal = to_crystal(sample.arrays["crystal"])
    card = framed_card(_SECOND + _WIDE + MARGIN, sample.id, novel=bool(np.any(prediction.novel)))
    draw_panel(card, (MARGIN, _TOP), crystal)
    write_name(card, (_SECOND, _TOP + 12), crystal)
    bottom = _draw_strip(card, _SECOND, _TOP + 66, prediction.fields["latent"].value)
    _write_told(card, _SECOND, bottom + 30, prediction)
    return card


def _draw_rebuilt(sample: Sample, prediction: Prediction) -> Image.Image:
    """From the left: the crystal as models see it, what came back, and how they differ."""
    given = canonical(to_crystal(sample.arrays["crystal"]))
    rebuilt = _predicted(prediction)
    width = _SECOND + PANEL[0] + 18 + _NARROW + MARGIN
    card = framed_card(width, sample.id, novel=bool(np.any(prediction.novel)))
    top, third = _TOP + 14, _SECOND + PANEL[0] + 18
    caption(card, MARGIN, top, "given, in its reduced primitive cell")
    draw_panel(card, (MARGIN, top), given)
    caption(card, _SECOND, top, "rebuilt from its latent vector")
    draw_panel(card, (_SECOND, top), rebuilt and _moved(rebuilt, given))
    write_name(card, (third, _TOP + 12), given, symmetry=False)
    facts = _differences(given, rebuilt, prediction)
    bottom = write_facts(card, (third, _TOP + 62), facts, _NARROW)
    _write_told(card, third, bottom + 12, prediction)
    return card


def _draw_decoded(sample: Sample, prediction: Prediction) -> Image.Image:
    """From the left: the latent vector and what is told of it, the crystal it decodes to."""
    crystal = _predicted(prediction)
    card = framed_card(_SECOND + _WIDE + MARGIN, sample.id, novel=bool(np.any(prediction.novel)))
    draw_panel(card, (MARGIN, _TOP), crystal and from_an_atom(crystal))
    if crystal is not None:
        write_name(card, (_SECOND, _TOP + 12), crystal)
    bottom = _draw_strip(card, _SECOND, _TOP + 66, sample.arrays["latent"]["latent"])
    _write_told(card, _SECOND, bottom + 30, prediction)
    return card


def _draw_judged(sample: Sample, prediction: Prediction) -> Image.Image:
    """Above the latent vector, beneath what is told of it."""
    width = _WIDE + 2 * MARGIN
    card = framed_card(width, sample.id, novel=bool(np.any(prediction.novel)), height=282)
    bottom = _draw_strip(card, MARGIN, _TOP + 20, sample.arrays["latent"]["latent"])
    _write_told(card, MARGIN, bottom + 30, prediction)
    return card


def _draw_strip(card: Image.Image, left: int, top: int, latent: np.ndarray) -> int:
    """Draw a latent vector; return where its strip ends."""
    ticks, height = _STRIP
    draw_latent(card, (left + ticks, top, left + _WIDE, top + height), latent)
    return top + height


def _write_told(card: Image.Image, left: int, middle: int, prediction: Prediction) -> None:
    """Draw the stability of one sample and write what else is told of it, from `middle` down."""
    fields, facts = prediction.fields, []
    told = [fields[name].value for name in _ENERGIES if name in fields]
    if told and np.isnan(told).all():
        facts = [("energy", "none"), ("", "declined: outside what energies were learned from")]
        fields = {name: value for name, value in fields.items() if name not in _ENERGIES}
    if "stability" in fields:
        place = (left, middle, left + _NARROW - 10)
        draw_probability(card, place, "P(energy below threshold)", fields["stability"])
        middle += 50
    if "formation_energy" in fields:
        value = fields["formation_energy"]
        lower, upper = (None if end is None else float(end) for end in (value.lower, value.upper))
        said = scalar_text(float(value.value), lower, upper, unit="eV/atom")
        facts.append(("formation", said))
    if "reconstruction_error" in fields:
        error = float(fields["reconstruction_error"].value)
        facts.append(("rebuilding", f"voxels off by {number_text(error)} (rms, peaks 1)"))
    if "shortest_distance" in prediction.derived:
        shortest = prediction.derived["shortest_distance"]
        if np.isfinite(shortest.value):
            facts.append(("nearest atoms", f"{float(shortest.value):.2f} A apart"))
    write_facts(card, (left, middle), [*facts, *trust(prediction)], _WIDE)


def _predicted(prediction: Prediction) -> Crystal | None:
    """Return the crystal that was predicted for one sample, None if there is none."""
    arrays = {name: prediction.fields[name].value for name in ("numbers", "fractional", "cell")}
    crystal = to_crystal(arrays)
    return crystal if len(crystal) and np.isfinite(crystal.cell).all() else None


def _moved(rebuilt: Crystal, given: Crystal) -> Crystal:
    """Return a rebuilt crystal, whose atoms' mean is in the middle of the cell, where given is."""
    fractional = rebuilt.fractional + given.fractional.mean(axis=0) - 0.5
    return Crystal(rebuilt.numbers, fractional, rebuilt.cell)


def _differences(given: Crystal, rebuilt: Crystal | None, prediction: Prediction) -> list[Fact]:
    """Return how a rebuilt crystal differs from the given one in the same setting."""
    groups = [
        "none" if crystal is None else space_group(crystal, _SYMMETRIC_A).symbol
        for crystal in (given, rebuilt)
    ]
    rms = float(prediction.derived["match_rms"].value)
    found = "no" if np.isnan(rms) else f"yes, {rms:.4f} normalised rms"
    facts = [
        ("space group", f"{' -> '.join(groups)} (at {_SYMMETRIC_A:g} A)"),
        ("match", found),
    ]
    if rebuilt is None:
        return facts
    edges = np.abs(rebuilt.lengths / given.lengths - 1)
    angles = np.abs(rebuilt.angles - given.angles)
    return [
        ("cell edges", f"off by {edges.mean():.2%}, at most {edges.max():.2%}"),
        ("cell angles", f"off by {angles.mean():.2f}°, at most {angles.max():.2f}°"),
        ("atoms", f"{len(rebuilt)} of {len(given)}"),
        *facts,
    ]
