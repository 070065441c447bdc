"""The flatbed scanner: lamp, sensor, profile, exposure, glare, noise, sRGB, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xmodkit.errors import MissingExtraError
from xmodkit_uvvis.simulator.materials import ENERGY, HBAR_C, Floats
from xmodkit_uvvis.simulator.smoothing import smooth

__all__ = ["Lamp", "Scanner", "draw_scanner", "expose", "level_colours", "sensor_weights"]

Lamp = Literal["led", "fluorescent", "halogen"]
LAMPS: dict[Lamp, str] = {"led": "LED-B3", "fluorescent": "FL11", "halogen": "A"}

WAVELENGTH: Floats = 2e3 * np.pi * HBAR_C / ENERGY  # nm, falling from 946 to 400
NM: Floats = np.arange(380.0, 781.0, 5.0)  # where lamps, sensors and observers are tabulated


@dataclass(frozen=True)
class Scanner:
    """One scan's settings, shared by the samples of a plate.

    `infrared_cut` and `filter_shift` in nm; `backing` is the lid's reflectance at red, green and
    blue; `exposure` and `balance` multiply linear RGB whose white is the backing without a slide;
    `glare` is stray light as a share of white; `gamma` is applied on top of the sRGB curve;
    `blur` (standard deviation) in pixels; `noise` at white, of linear signal; `jpeg` a quality.
    """

    lamp: Lamp = "led"
    infrared_cut: float = 700.0
    filter_shift: float = 0.0
    backing: tuple[float, float, float] = (0.9, 0.9, 0.9)
    film_up: bool = False
    specular: float = 0.05
    exposure: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    glare: float = 0.005
    gamma: float = 1.0
    blur: float = 0.6
    noise: float = 0.008
    jpeg: int | None = None

    def backing_reflectance(self) -> Floats:
        """Return the lid's reflectance on `ENERGY`, through its values at 620, 540 and 455 nm."""
        blue_first = (455.0, 540.0, 620.0)
        curve: Floats = np.interp(WAVELENGTH, blue_first, self.backing[::-1])
        return curve


def draw_scanner(rng: np.random.Generator, lamp: Lamp) -> Scanner:
    """Draw a plate's scan: the same scanner, cleaned, set and warmed up a little differently."""
    lid = rng.uniform(0.86, 0.95)
    red, green, blue = (float(v) for v in lid + rng.normal(0.0, 0.006, 3))
    balance = np.exp(rng.normal(0.0, 0.015, 3))
    return Scanner(
        lamp=lamp,
        infrared_cut=float(rng.normal(700.0, 6.0)),
        filter_shift=float(rng.normal(0.0, 2.5)),
        backing=(red, green, blue),
        film_up=bool(rng.random() < 0.5),
        specular=float(rng.uniform(0.0, 0.15)),
        exposure=float(rng.uniform(0.90, 1.06)),
        balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        glare=float(rng.uniform(0.002, 0.03)),
        gamma=float(np.exp(rng.normal(0.0, 0.05))),
        blur=float(rng.uniform(0.45, 0.9)),
        noise=float(rng.uniform(0.006, 0.016)),
        jpeg=int(rng.integers(88, 98)) if rng.random() < 0.25 else None,
    )


@cache
def _curves(lamp: Lamp) -> tuple[Floats, Floats, Floats, Floats]:
    """Return lamp (nm,), sensor (nm, 3), sRGB observer (nm, 3) and ColorChecker (nm, 24).

    All on `NM`. The sensor is that of a measured camera (Nikon D5100, NPL); the observer is
    CIE 1931 under D65, taken to linear sRGB.
    """
    try:
        import colour
    except ImportError as error:
        raise MissingExtraError("the uvvis simulator", "colour-science", "train") from error

    def on_grid(table: object) -> Floats:
        values = np.asarray(table.values, dtype=np.float64)  # type: ignore[attr-defined]
        grid = np.asarray(table.wavelengths, dtype=np.float64)  # type: ignore[attr-defined]
        columns = values.reshape(grid.size, -1).T
        curves: Floats = np.stack([np.interp(NM, grid, c, 0.0, 0.0) for c in columns], axis=1)
        return curves

    observer = on_grid(colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"])
    daylight = on_grid(colour.SDS_ILLUMINANTS["D65"])
    to_srgb = np.asarray(colour.RGB_COLOURSPACES["sRGB"].matrix_XYZ_to_RGB)
    patches = colour.SDS_COLOURCHECKERS["ColorChecker N Ohta"].values()
    return (
        on_grid(colour.SDS_ILLUMINANTS[LAMPS[lamp]])[:, 0],
        on_grid(colour.MSDS_CAMERA_SENSITIVITIES["Nikon 5100 (NPL)"]),
        (observer * daylight) @ to_srgb.T,
        np.concatenate([on_grid(patch) for patch in patches], axis=1),
    )


def _sensor(lamp: Lamp, cut: float, shift: float) -> Floats:
    """Return the sensor's signal per reflectance, (nm, 3), white-balanced to sum one."""
    light, sensor, _, _ = _curves(lamp)
    shifted = np.stack([np.interp(NM - shift, NM, column) for column in sensor.T], axis=1)
    blocked = 1.0 / (1.0 + np.exp((NM - cut) / 8.0))
    weights = shifted * (light * blocked)[:, None]
    balanced: Floats = weights / weights.sum(axis=0)
    return balanced


@cache
def _profile(lamp: Lamp) -> Floats:
    """Return the scanner's profile, (3, 3): its RGB to linear sRGB, white kept white.

    Least squares over a ColorChecker, scanned by the nominal scanner with that lamp.
    """
    _, _, observer, patches = _curves(lamp)
    seen = patches.T @ _sensor(lamp, 700.0, 0.0)
    meant = patches.T @ (observer / observer.sum(axis=0))
    # Rows that sum to one: fit the colour differences to green only.
    matrix = np.eye(3)
    for row in range(3):
        others = [c for c in range(3) if c != row]
        step = seen[:, others] - seen[:, [row]]
        found, *_ = np.linalg.lstsq(step, meant[:, row] - seen[:, row], rcond=None)
        matrix[row, others] = found
        matrix[row, row] = 1.0 - found.sum()
    return matrix


def sensor_weights(lamp: Lamp, infrared_cut: float, filter_shift: float) -> Floats:
    """Return what takes a reflectance on `ENERGY` to linear sRGB: (energy, 3), columns sum to one.

    Lamp, filters, sensor and infrared cut, then the scanner's profile.
    """
    weights = _sensor(lamp, infrared_cut, filter_shift) @ _profile(lamp).T
    density = np.stack([np.interp(WAVELENGTH, NM, c, 0.0, 0.0) for c in weights.T], axis=1)
    density *= np.abs(np.gradient(WAVELENGTH))[:, None]  # evenly spaced in eV, not in nm
    normalised: Floats = density / density.sum(axis=0)
    return normalised


def level_colours(reflectance: Floats, scanner: Scanner) -> Floats:
    """Return linear sRGB (level, 3) of reflectances (level, energy): white is the bare backing."""
    weights = sensor_weights(scanner.lamp, scanner.infrared_cut, scanner.filter_shift)
    linear = (reflectance @ weights) / (scanner.backing_reflectance() @ weights)
    glared = (linear + scanner.glare) / (1.0 + scanner.glare)
    exposed: Floats = glared * scanner.exposure * np.asarray(scanner.balance)
    return exposed


def expose(linear: Floats, scanner: Scanner, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the 8-bit sRGB image (y, x, 3) of linear RGB: optics, noise, curve, compression."""
    seen = smooth(linear.transpose(2, 0, 1), scanner.blur).transpose(1, 2, 0)
    grain = rng.standard_normal(seen.shape, dtype=np.float32)
    seen += scanner.noise * np.sqrt(np.maximum(seen, 0.0) + 0.02) * grain
    encoded = _srgb(np.clip(seen, 0.0, 1.0) ** scanner.gamma)
    pixels = np.rint(255.0 * encoded).astype(np.uint8)
    return pixels if scanner.jpeg is None else _jpeg(pixels, scanner.jpeg)


def _srgb(linear: Floats) -> Floats:
    """Return the sRGB encoding (IEC 61966-2-1) of linear values."""
    curve: Floats = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    return curve


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
