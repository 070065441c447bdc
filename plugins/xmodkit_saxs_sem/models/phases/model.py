"""Our own model of the pair: scattering gives the amplitudes, the phases are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from xmodkit.modality import Array, Arrays, Field
from xmodkit.model import Model, Stage
from xmodkit.pair import Options, Route, Sample
from xmodkit_saxs_sem.models.binarise import OFFSET, WINDOW, Binarise, binary_field
from xmodkit_saxs_sem.models.grid import FrameToGrid, Gridded, gridded
from xmodkit_saxs_sem.models.phases.autoencoder import ImageAutoencoder, PatternAutoencoder
from xmodkit_saxs_sem.models.phases.correlation import autocorrelation
from xmodkit_saxs_sem.models.phases.draw import Drawer
from xmodkit_saxs_sem.models.phases.familiar import FamiliarImage, FamiliarPattern
from xmodkit_saxs_sem.models.phases.fourier import PERIODIC
from xmodkit_saxs_sem.models.phases.graphs import COLUMNS, ROWS, graph_of
from xmodkit_saxs_sem.models.phases.losses import Losses
from xmodkit_saxs_sem.models.phases.power import FractionHead, PowerHead
from xmodkit_saxs_sem.models.phases.profile import Profile
from xmodkit_saxs_sem.models.phases.scatter import Scatterer
from xmodkit_saxs_sem.models.tiles import Tiles
from xmodkit_saxs_sem.models.truths import (
    SEED_FIELDS,
    predicted_fields,
    seeds_of,
    tolerances,
    truth,
)
from xmodkit_saxs_sem.options.training import refuse_pairvae, threshold_shape

__all__ = ["Phases"]


class Phases(Model):
    """Draws images of the power that was measured, and smooths an image's power to scattering.

    Five networks: `saxs` and `sem` rebuild their own kind through a latent; `power` and
    `fraction` say what the film's power spectrum and area fraction are; `drawer` turns random
    fields of that power into images; `scatterer` turns the power of tiles into scattering.
    """

    name = "phases"
    routes = ("saxs:sem", "sem:saxs", "saxs:saxs", "sem:sem")
    notes = (
        "SAXS keeps amplitudes and loses phases: images are drawn from Gaussian random fields of "
        "the sample's own power spectrum by flow matching, and binarised at an area fraction that "
        "is drawn too.",
        "The image shown is the ensemble's member whose S(r) lies nearest to the members' mean; "
        "the probability is that of its last step.",
        "Reconstructions pass through 288 numbers (SAXS) and 253 (SEM). Solo and paired training "
        "are the same for them: the networks of the pair leave them as they are.",
    )

    def __init__(self, window: int = WINDOW, offset: int = OFFSET) -> None:
        self.grid, self.binarise = FrameToGrid(), Binarise(window, offset)
        self.profile, self.tiles = Profile(), Tiles(ROWS, COLUMNS)
        features = self.profile.size
        self.saxs, self.sem = PatternAutoencoder(), ImageAutoencoder()
        self.power, self.fraction = PowerHead(), FractionHead(features)
        self.drawer, self.scatterer = Drawer(features), Scatterer()
        self.familiar_saxs, self.familiar_sem = FamiliarPattern(features), FamiliarImage()
        self.networks = nn.ModuleDict(
            {
                "saxs": self.saxs,
                "sem": self.sem,
                "power": self.power,
                "fraction": self.fraction,
                "drawer": self.drawer,
                "scatterer": self.scatterer,
                "familiar_saxs": self.familiar_saxs,
                "familiar_sem": self.familiar_sem,
            }
        )
        self.losses = Losses(self)
        self.stages = (
            _stage("saxs", "saxs"),
            _stage("sem", "sem"),
            _stage("pair", "power", "fraction", "drawer", "scatterer"),
        )

    @classmethod
    def shape(cls, route: Route, sample: Sample, options: Options) -> dict[str, Any]:
        """Return window and offset of the threshold, where they are given."""
        refuse_pairvae(cls.name, options)
        return threshold_shape(options)

    @torch.no_grad()
    def prepare(self, sample: Sample) -> Mapping[str, Array]:
        """Return the pattern on the grid, the binary field, and what is known of both.

        `saxs`, `valid` (96, 96); `field` uint8 (y, x) in pixels of 4 nm; `autocorrelation` (128,
        128) of it; `look` (39,), statistics of the micrograph.
        """
        micrograph, pixel = sample.arrays["sem"]["micrograph"], sample.arrays["sem"]["pixel_nm"]
        found = gridded(sample, self.grid)
        field = binary_field(micrograph, float(pixel), self.binarise)
        levels = self.tiles(torch.from_numpy(micrograph)[None], torch.from_numpy(pixel.reshape(1)))
        tiles = self.binarise(levels[0])[None]
        return {
            "saxs": found.log[0].numpy(),
            "valid": found.valid[0].numpy(),
            "coverage": found.coverage[0].numpy(),
            "field": field,
            "autocorrelation": autocorrelation(field, PERIODIC),
            "look": self.familiar_sem.statistics(levels, tiles)[0].numpy(),
        }

    def begin(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Take from the training rows what is measured of a pattern, and how features spread."""
        if stage == "pair":
            log, valid = torch.from_numpy(arrays["saxs"]), torch.from_numpy(arrays["valid"])
            self.power.measure(valid)
            self.fraction.standardise(self.profile(log, valid), torch.from_numpy(arrays["field"]))

    def loss(self, stage: str, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of prepared rows in a stage."""
        return self.losses.of(stage, batch)

    @torch.no_grad()
    def end(self, stage: str, arrays: Mapping[str, Array]) -> None:
        """Fit what familiar frames and micrographs look like, once all else is learned."""
        if stage != "pair":
            return
        log, valid, coverage = (
            torch.from_numpy(arrays[name]) for name in ("saxs", "valid", "coverage")
        )
        found = Gridded(log, valid, torch.ones(len(log)), coverage)
        features = self.profile(log, valid)
        self.familiar_saxs.fit(found, features)
        self.familiar_sem.distance.fit(torch.from_numpy(arrays["look"]))

    @torch.no_grad()
    def target(self, route: str, sample: Sample) -> Mapping[str, Array]:
        """Return the truth of a route: log intensity where measured, or one crop's statistics."""
        return truth(route, sample, self.grid, self.binarise)

    def inputs(self, route: str, sample: Sample | None = None) -> Arrays:
        """Return seeds of 40 members and a spread of 1; a sample's own are few, and vary."""
        return seeds_of(route, sample)

    def input_fields(self, route: str) -> tuple[Field, ...]:
        """Describe seeds, of which there may be any number, and the spread."""
        return SEED_FIELDS if route == "saxs:sem" else ()

    def outputs(self, route: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Return the target's fields at 96 x 96 and what is told beside them."""
        return predicted_fields(route, fields)

    def tolerances(self, route: str) -> Mapping[str, float]:
        """Return more than the default where pixels are decided one by one."""
        return tolerances(route)

    def graph(self, route: str) -> nn.Module:
        """Return the module of a route."""
        return graph_of(self, route)


def _stage(name: str, *networks: str) -> Stage:
    """Return a stage whose last epoch counts: crops are drawn anew, and validation is noisy."""
    return Stage(name, networks, 200, 2e-3, 8, weight_decay=1e-3, keep="last")
