"""The options of training: the threshold that says what is bright, and PairVAE's extents."""

from __future__ import annotations

from typing import Any

from xmodkit.errors import UsageError
from xmodkit.pair import Option, Options

__all__ = ["TRAIN_OPTIONS", "pairvae_shape", "refuse_pairvae", "threshold_shape"]

_WINDOWS = range(3, 26, 2)
_OFFSETS = range(-255, 256)
_THRESHOLD = (
    Option(
        "threshold-window",
        "Pixels across that the adaptive threshold averages: odd, 3 to 25; 15 by default.",
        "int",
        commands=("train",),
    ),
    Option(
        "threshold-c",
        "Levels below that average from which on a pixel is bright; 2 by default.",
        "int",
        commands=("train",),
    ),
)
_PAIRVAE = (
    Option(
        "pixels",
        "Pixels across of PairVAE's pictures: 192 as published, 96 by default.",
        commands=("train",),
        choices=("96", "192"),
    ),
    Option(
        "encoder-width",
        "Channels with which PairVAE's encoder begins: 64, a ResNet50, by default.",
        "int",
        commands=("train",),
    ),
    Option(
        "similarity",
        "By what PairVAE compares latents; barlow by default.",
        commands=("train",),
        choices=("barlow", "simclr"),
    ),
)
TRAIN_OPTIONS = (*_THRESHOLD, *_PAIRVAE)


def threshold_shape(options: Options) -> dict[str, Any]:
    """Return `window` and `offset` of the threshold, as far as the options give them.

    Raise `UsageError` for a threshold that there is not.
    """
    window, offset = options.get("threshold_window"), options.get("threshold_c")
    if window is not None and window not in _WINDOWS:
        raise UsageError(f"--threshold-window {window}: an odd number from 3 to 25 expected")
    if offset is not None and offset not in _OFFSETS:
        raise UsageError(f"--threshold-c {offset}: -255 to 255 levels expected")
    return _given(window=window, offset=offset)


def pairvae_shape(options: Options) -> dict[str, Any]:
    """Return `size`, `encoder_width` and `similarity`, as far as the options give them.

    Raise `UsageError` for an encoder without channels.
    """
    width, pixels = options.get("encoder_width"), options.get("pixels")
    if width is not None and width < 1:
        raise UsageError(f"--encoder-width {width}: at least one channel expected")
    return _given(
        size=None if pixels is None else int(pixels),
        encoder_width=width,
        similarity=options.get("similarity"),
    )


def refuse_pairvae(model: str, options: Options) -> None:
    """Raise `UsageError` if an option is given that another model than PairVAE has no use for."""
    for option in _PAIRVAE:
        if options.get(option.key) is not None:
            raise UsageError(f"--{option.name}: of --model pairvae, {model} given; leave it out")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
