"""What a material scientist reads off binary images, many at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xmodkit.modality import Array
from xmodkit_saxs_sem.metrics.defects import defect_density
from xmodkit_saxs_sem.metrics.orientation import director
from xmodkit_saxs_sem.metrics.spectrum import peak_q, power_spectrum

__all__ = ["derive_morphology"]


def derive_morphology(images: Array) -> dict[str, NDArray[np.generic]]:
    """Return what images (n, 96, 96) of 4 nm pixels show; bright is not 0. Each value is (n,).

    `area_fraction` of the bright phase, `peak_q` in 1/nm, `domain_spacing` in nm, `director` (the
    mean of exp(2 i angle) of the lines' wave vectors, see `orientation.director`) and
    `defect_density` in 1/um2; NaN, but for the area fraction, where no period stands out.
    """
    bright = images != 0
    power = power_spectrum(bright)
    q, _ = peak_q(power)
    return {
        "area_fraction": bright.mean(axis=(1, 2), dtype=np.float32),
        "peak_q": q,
        "domain_spacing": np.asarray(2 * np.pi / q, np.float32),
        "director": director(power, q),
        "defect_density": defect_density(bright, power, q),
    }
