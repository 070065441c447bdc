"""The modalities: a decay curve, its lifetimes, and its rate with its amplitude."""

from __future__ import annotations

from xmodkit import Axis, Field, Modality

__all__ = ["DECAY", "HALF_LIFE", "LIFETIME", "LONGEST_NS", "MOST_COUNTS", "RATE", "WINDOWS"]

LONGEST_NS = 10_000.0
MOST_COUNTS = 10_000_000

# A lifetime is measured twice: before and after the mean arrival time of the photons. A single
# exponential has the same in both; where they differ, there is more than one emitter.
WINDOWS = ("early", "late")

# Curves have as many points as the instrument took; padding is nothing counted at time 0.
_POINT = Axis("point", pad=True)

DECAY = Modality(
    "decay",
    (
        Field(
            "time",
            (_POINT,),
            unit="ns",
            valid_range=(0, LONGEST_NS),
            fill=0,
            long_name="time after the pulse",
        ),
        Field(
            "counts",
            (_POINT,),
            dtype="int32",
            unit="count",
            valid_range=(0, MOST_COUNTS),
            fill=0,
            long_name="photons counted",
        ),
    ),
)

LIFETIME = Modality(
    "lifetime",
    (
        Field(
            "lifetime",
            (Axis("window", len(WINDOWS)),),
            unit="ns",
            valid_range=(0, LONGEST_NS),
            long_name="lifetime before and after the mean arrival time",
        ),
    ),
)

RATE = Modality(
    "rate",
    (
        Field("rate", unit="1/ns", valid_range=(0, 1000), long_name="decay rate"),
        Field("amplitude", unit="count", long_name="counts per point at time 0"),
    ),
)

HALF_LIFE = Field("half_life", unit="ns", long_name="half-life")
