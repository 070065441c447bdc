"""Normal random numbers that follow from a seed by plain arithmetic: alike wherever a graph runs.

ONNX's own RandomNormal takes no seed as an input and differs between devices. Here each number is
the image of its place (a counter) under a keyed permutation of the integers modulo p = 2^31 - 1:
rounds of x -> (x + key + constant)^5, where 5 is prime to p - 1, so that no two places collide.
No product reaches 2^62. Pairs of them become normal numbers.

Sources: counter-based generators, Salmon et al., SC'11 (2011), doi:10.1145/2063384.2063405; the
permutation, Albrecht et al., MiMC, ASIACRYPT 2016; Box & Muller, Ann. Math. Stat. 29, 610 (1958).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["normal", "uniform"]

_PRIME = 2**31 - 1
_SECOND = 2**31 - 19  # a prime: with the first it tells apart more than 2^61 seeds
_ROUNDS = 4
_PRIMITIVE_ROOT = 7  # of _PRIME: its powers are the constants of rounds and streams


def normal(seed: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return normal numbers of mean 0 and deviation 1, float32 (m, count), a row per seed.

    `seed` is int64 (m,), of any sign. `stream` (0 and up) sets apart the uses that one seed has.
    """
    half = (count + 1) // 2
    radii, turns = uniform(seed, 2 * half, stream).chunk(2, dim=-1)
    radius = (-2 * radii.log()).sqrt()
    angle = 2 * math.pi * turns
    return torch.cat([radius * angle.cos(), radius * angle.sin()], dim=-1)[:, :count]


def uniform(seed: Tensor, count: int, stream: int = 0) -> Tensor:
    """Return uniform numbers above 0 and up to 1, float32 (m, count), a row per seed."""
    keys = (seed % _PRIME)[:, None], (seed % _SECOND)[:, None]
    place = torch.arange(count, device=seed.device)[None]
    for number in range(_ROUNDS):
        constant = pow(_PRIMITIVE_ROOT, 1009 + stream * _ROUNDS + number, _PRIME)
        place = _fifth_power((place + keys[number % 2] + constant) % _PRIME)
    return (place.to(torch.float32) + 0.5) / _PRIME


def _fifth_power(value: Tensor) -> Tensor:
    square = value * value % _PRIME
    return square * square % _PRIME * value % _PRIME
