"""Simulated samples: one printed oxide, scanned and measured, with its truth beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.pair import Sample
from xmodkit_uvvis.simulator.drop import PITCH, Drop, Lot, draw_drop, thickness_map
from xmodkit_uvvis.simulator.materials import Floats, Material, draw_material
from xmodkit_uvvis.simulator.optics import Slide, film_on_glass, on_backing, smear
from xmodkit_uvvis.simulator.scanner import Lamp, Scanner, draw_scanner, expose, level_colours
from xmodkit_uvvis.simulator.spectrometer import (
    Spectrometer,
    draw_spectrometer,
    measure,
    scattered,
    spot_weights,
)

__all__ = ["SIMULATOR_VERSION", "SimulatorOptions", "simulate"]

SIMULATOR_VERSION = "1"

PLATE = 60  # consecutive samples that share a plate: scanner, printer, spectrometer
COLUMNS = 10
DPI = 1200
MM_PER_INCH = 25.4
SIZES, SIZE_SHARES = (101, 97, 105), (0.9, 0.05, 0.05)  # px of a crop at 1200 dpi
COARSE_SIZE = 100  # px, averaged by 4 to 25 px at 300 dpi
SHIFT = 24  # px: the 0.5 mm by which a crop goes wrong
LEVEL_STEP, MAX_LEVELS = 0.012, 96  # um between thickness levels: 8 in the shortest fringe
OTHER_LOTS: tuple[Lot, ...] = ("merged", "scratched", "miscropped", "coarse", "thick")


@dataclass(frozen=True)
class SimulatorOptions:
    """What may be asked of the simulator: the lamp, and the share of blanks and of other lots."""

    lamp: Lamp = "led"
    blanks: float = 0.015
    other_lots: float = 0.03


@dataclass(frozen=True)
class _Plate:
    scanner: Scanner
    spectrometer: Spectrometer
    radius: float


def simulate(
    n: int, seed: int, *, start: int = 0, options: SimulatorOptions | None = None
) -> Iterator[Sample]:
    """Yield samples `start` to `start + n - 1` of a seed; sample i depends on (seed, i) alone.

    Each holds `scan` (uint8, y, x, 3; 101 x 101 px of 2.1 mm, mostly) and `absorption` (float32,
    220 energies). Metadata keep the truth: the material's own gaps in eV (of the phase that
    absorbs most), composition, thickness, lot, scanner. Raise `UsageError` if a number is
    negative, `MissingExtraError` without colour-science.
    """
    for name, value in (("n", n), ("seed", seed), ("start", start)):
        if value < 0:
            raise UsageError(f"{name} is {value}; give 0 or more")
    chosen = options or SimulatorOptions()
    return (_sample(seed, index, chosen) for index in range(start, start + n))


@lru_cache(maxsize=8)
def _plate(seed: int, number: int, lamp: Lamp) -> _Plate:
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    return _Plate(draw_scanner(rng, lamp), draw_spectrometer(rng), float(rng.normal(0.64, 0.04)))


def _sample(seed: int, index: int, options: SimulatorOptions) -> Sample:
    rng = np.random.default_rng(np.random.SeedSequence((seed, index)))
    number, place = divmod(index, PLATE)
    plate = _plate(seed, number, options.lamp)
    lot = _draw_lot(rng, options)
    material = draw_material(rng)
    drop = draw_drop(rng, lot, plate.radius)
    crop, relief, pixel = _lay_out(rng, lot, drop)
    levels = np.linspace(0.0, relief.max() * 1.001 + 2 * LEVEL_STEP, _level_count(relief))
    slide = smear(film_on_glass(material.index(), levels), levels, drop.pixel_spread)
    beam = plate.spectrometer
    down, right = (float(v) for v in rng.normal(0.0, beam.misalignment, 2))
    weights = spot_weights(relief, levels, pixel, beam.beam_radius, (down, right))
    spectrum = measure(scattered(slide, levels, drop.scatter), weights, beam, rng)
    image = _scan(rng, lot, slide, levels, relief[crop], plate.scanner)
    row, column = divmod(place, COLUMNS)
    return Sample(
        f"sim-{seed}-{index:06d}",
        {"scan": {"scan": image}, "absorption": {"absorption": spectrum.astype(np.float32)}},
        source=f"simulated plate {number}",
        ordinal=place,
        metadata=_truth(lot, material, drop, float(weights @ levels), plate)
        | {"dpi": DPI // 4 if lot == "coarse" else DPI},
        groups={"composition": material.space, "plate": f"sim-{seed}-plate-{number:05d}"},
        position=(column * PITCH, row * PITCH),
    )


def _draw_lot(rng: np.random.Generator, options: SimulatorOptions) -> Lot:
    draw = rng.random()
    other = OTHER_LOTS[rng.integers(len(OTHER_LOTS))]
    if draw < options.blanks:
        return "blank"
    return other if draw < options.blanks + options.other_lots else "regular"


def _lay_out(
    rng: np.random.Generator, lot: Lot, drop: Drop
) -> tuple[tuple[slice, slice], Floats, float]:
    """Return the crop within the thickness map, the map in um, and its pixel in mm.

    The map is centred on the beam; the crop is, too, unless it went wrong by half a millimetre.
    """
    size = COARSE_SIZE if lot == "coarse" else int(rng.choice(SIZES, p=SIZE_SHARES))
    pixel = MM_PER_INCH / DPI
    if lot == "blank":
        return (slice(0, size), slice(0, size)), np.zeros((size, size)), pixel
    if lot != "miscropped":
        return (slice(0, size), slice(0, size)), thickness_map(drop, rng, size, pixel), pixel
    right, down = (int(v) for v in rng.permutation([SHIFT * rng.choice((-1, 1)), 0]))
    neighbour = PITCH * complex(np.sign(right), np.sign(down))
    relief = thickness_map(drop, rng, size + 2 * SHIFT, pixel, neighbour)
    crop = tuple(slice(SHIFT + by, SHIFT + by + size) for by in (down, right))
    return (crop[0], crop[1]), relief, pixel


def _level_count(relief: Floats) -> int:
    return int(np.clip(np.ceil(relief.max() / LEVEL_STEP), 4, MAX_LEVELS))


def _scan(
    rng: np.random.Generator,
    lot: Lot,
    slide: Slide,
    levels: Floats,
    relief: Floats,
    scanner: Scanner,
) -> NDArray[np.uint8]:
    seen = on_backing(
        slide,
        scanner.backing_reflectance(),
        film_up=scanner.film_up,
        specular=scanner.specular,
    )
    colours = level_colours(seen, scanner)
    linear = np.stack([np.interp(relief, levels, channel) for channel in colours.T], axis=-1)
    # Lamp and lens are not quite even across a crop.
    slope = rng.normal(0.0, 0.004, 2)
    ramp = np.linspace(-1.0, 1.0, relief.shape[0])
    linear *= (1.0 + slope[0] * ramp[:, None] + slope[1] * ramp[None, :])[:, :, None]
    if lot == "coarse":
        quarter = relief.shape[0] // 4
        linear = linear.reshape(quarter, 4, quarter, 4, 3).mean(axis=(1, 3))
    return expose(linear, scanner, rng)


def _truth(
    lot: Lot, material: Material, drop: Drop, spot_thickness: float, plate: _Plate
) -> dict[str, Any]:
    """Return what is known of a sample, as JSON values: None where a blank has nothing."""
    scanner, film = plate.scanner, lot != "blank"
    phase = material.principal
    strongest = float(material.absorption().max()) * spot_thickness
    return {
        "simulated": True,
        "simulator_version": SIMULATOR_VERSION,
        "lot": lot,
        "blank": not film,
        "composition": {m: round(x, 4) for m, x in material.composition} if film else {},
        "phase": phase.name if film else None,
        "edge": ("direct" if phase.indirect is None else "indirect") if film else None,
        "gap_direct_eV": round(phase.direct, 4) if film else None,
        "gap_indirect_eV": None if phase.indirect is None or not film else round(phase.indirect, 4),
        "urbach_eV": round(phase.urbach, 4) if film else None,
        "thickness_um": round(drop.thickness, 4) if film else 0.0,
        "spot_thickness_um": round(spot_thickness, 4),
        "alpha_thickness_max": round(strongest, 4),
        "drop_radius_mm": round(drop.radius, 4) if film else 0.0,
        "beam_radius_mm": round(plate.spectrometer.beam_radius, 4),
        "lamp": scanner.lamp,
        "film_up": scanner.film_up,
        "exposure": round(scanner.exposure, 4),
        "glare": round(scanner.glare, 4),
        "jpeg": scanner.jpeg,
    }
