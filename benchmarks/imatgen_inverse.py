"""How well voxel images give back cell and atoms: the published inverse and ours, on equal images.

    python benchmarks/imatgen_inverse.py [--n 200] [--seed 0]

Random triclinic cells (edges 2.5-10 A, angles 50-130 degrees, more than a tenth of the volume of
the brick with their edges) and random clusters of atoms of one species, 1.6 A or more apart.
Noise is normal, then what lies below 0.02 is 0, as in a perfect image. Beside them the least that
noise allows anyone: errors drawn from the Cramer-Rao bound of the cell, amplitude unknown.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from imatgen_published import published_atoms, published_cell
from numpy.typing import NDArray

from xmodkit.errors import DataError
from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.inverse import atoms_of, cell_of
from xmodkit_crystal.structure import Crystal
from xmodkit_crystal.voxels import CUT, cell_image, species_images

Floats = NDArray[np.float64]
Parameters = tuple[Floats, Floats]  # lengths in A, angles in degrees
SIGMA, SIZE, EDGE = 0.26, 32, 15.0
LEAST_VOLUME = 0.1
ATOMS, APART = 6, 1.6
LOWER = np.tril_indices(3)


@dataclass(frozen=True)
class Fault:
    """What is wrong with an image: noise, width of atoms in units of theirs, height of peaks."""

    noise: float = 0.0
    blur: float = 1.0
    peak: float = 1.0

    def __str__(self) -> str:
        return f"{self.noise:<6g} {self.blur:<5g} {self.peak:<5g}"

    def spoil(self, image: NDArray[np.floating], rng: np.random.Generator) -> Floats:
        """Return an image with the fault, but for its blur."""
        spoilt = self.peak * image + self.noise * rng.normal(size=image.shape)
        return np.where(spoilt < CUT, 0, spoilt)


FAULTS = (
    *(Fault(noise) for noise in (0, 1e-3, 1e-2, 3e-2)),
    *(Fault(1e-2, blur) for blur in (0.8, 0.9, 1.1, 1.3)),
    *(Fault(1e-2, peak=peak) for peak in (0.85, 0.7)),
    Fault(3e-2, 1.15, 0.85),
)
ATOM_FAULTS = (*FAULTS[:5], *FAULTS[7:8], *FAULTS[9:])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200, help="cells, and clusters / 4")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()
    print(inverse_tables(options.n, options.seed))
    print(f"\n{time.perf_counter() - started:.0f} s")


def inverse_tables(n: int, seed: int) -> str:
    """Return both tables, of `n` random cells and a fourth as many clusters of atoms."""
    rng = np.random.default_rng(seed)
    cells = [random_parameters(rng) for _ in range(n)]
    clusters = [random_cluster(rng) for _ in range(max(1, n // 4))]
    return f"{cell_table(cells, seed)}\n\n{atom_table(clusters, seed)}"


def random_parameters(rng: np.random.Generator) -> Parameters:
    """Return lengths and angles of a cell that closes and is not too flat."""
    while True:
        angles = rng.uniform(50, 130, 3)
        alpha, beta, gamma = np.cos(np.radians(angles))
        squared = 1 + 2 * alpha * beta * gamma - alpha**2 - beta**2 - gamma**2
        if squared > LEAST_VOLUME**2:
            return rng.uniform(2.5, 10, 3), angles


def random_cluster(rng: np.random.Generator) -> Crystal:
    """Return atoms of one species in a box of 8 A."""
    places = np.zeros((0, 3))
    while len(places) < ATOMS:
        place = rng.uniform(0, 8, 3)
        if (np.linalg.norm(places - place, axis=1) > APART).all():
            places = np.vstack([places, place])
    return Crystal(np.full(ATOMS, 8), places / EDGE, np.eye(3) * EDGE)


def cell_table(cells: list[Parameters], seed: int) -> str:
    """Return the errors of lengths and angles: of all cells that come back, and how many do."""
    lines = [
        f"CELL: {len(cells)} random triclinic cells, {SIZE}^3 voxels, sigma {SIGMA} A",
        "mean absolute error of those that come back; `within`: share of all cells whose mean",
        "error is at most 0.2 A and 2 degrees; `worst`: whose worst edge and angle are;",
        "`ours, k`: a caller who knows the blur; `bound`: the least that noise allows anyone\n",
        "noise  blur  peak   method     mean A  mean deg  p95 A   p95 deg  none  within worst",
    ]
    for fault in FAULTS:
        rng = np.random.default_rng(seed)
        found: dict[str, list[Floats]] = {"published": [], "ours": [], "ours, k": []}
        for truth in cells:
            cell = cell_of_parameters(*truth)
            image = fault.spoil(cell_image(cell, SIZE, fault.blur * SIGMA), rng)
            found["published"].append(_error(published_cell(image), truth))
            found["ours"].append(_error(_ours(image, SIGMA), truth))
            if fault.blur != 1:
                found["ours, k"].append(_error(_ours(image, SIGMA * fault.blur), truth))
        if fault.noise and fault.blur == 1:
            found["bound"] = [_bound(truth, fault, rng) for truth in cells]
        for method, errors in found.items():
            if errors:
                lines.append(f"{fault}  {method:<9s} {_summary(np.array(errors))}")
    return "\n".join(lines)


def _ours(image: Floats, sigma: float) -> Parameters:
    try:
        cell = cell_of(image, sigma)
    except DataError:
        return np.full(3, np.nan), np.full(3, np.nan)
    return _parameters(cell)


def _parameters(cell: Floats) -> Parameters:
    crystal = Crystal(np.zeros(0, np.int64), np.zeros((0, 3)), cell)
    return crystal.lengths, crystal.angles


def _error(found: Parameters, truth: Parameters) -> Floats:
    return np.abs(np.concatenate(found) - np.concatenate(truth))


def _bound(truth: Parameters, fault: Fault, rng: np.random.Generator) -> Floats:
    """Return one draw of the errors of an estimator that uses all that an image holds."""
    cell = cell_of_parameters(*truth)
    steps = (np.arange(SIZE) - SIZE // 2) / SIZE
    offsets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    offsets = offsets[((offsets @ cell) ** 2).sum(1) < (4 * SIGMA) ** 2]
    at = offsets @ cell
    blob = np.exp((at**2).sum(1) / (-2 * SIGMA**2))
    slopes = -fault.peak / SIGMA**2 * blob[:, None] * offsets[:, LOWER[0]] * at[:, LOWER[1]]
    slopes = np.column_stack([slopes, blob])
    covariance = fault.noise**2 * np.linalg.inv(slopes.T @ slopes)
    moved = cell.copy()
    moved[LOWER] += rng.multivariate_normal(np.zeros(7), covariance)[:6]
    return _error(_parameters(moved), truth)


def _summary(errors: Floats) -> str:
    """Return one line of errors (n, 6) of three lengths and three angles."""
    good = errors[np.isfinite(errors).all(axis=1)]
    none = 1 - len(good) / len(errors)
    if not len(good):
        return f"{'-':>6} {'-':>9} {'-':>6} {'-':>9} {none:>5.0%}"
    lengths, angles = good[:, :3], good[:, 3:]
    tail = np.percentile(lengths, 95), np.percentile(angles, 95)
    mean = (lengths.mean(1) <= 0.2) & (angles.mean(1) <= 2)
    worst = (lengths.max(1) <= 0.2) & (angles.max(1) <= 2)
    return (
        f"{lengths.mean():6.4f} {angles.mean():9.3f} {tail[0]:6.3f} {tail[1]:9.2f} {none:>5.0%}"
        f" {mean.sum() / len(errors):>6.0%} {worst.sum() / len(errors):>5.0%}"
    )


def atom_table(clusters: list[Crystal], seed: int) -> str:
    """Return how far from atoms their positions come back, and how many are missed or made up."""
    lines = [
        f"ATOMS: {len(clusters)} clusters of {ATOMS} of one species, {APART} A or more apart\n",
        "noise  blur  peak   voxels sigma  method     mean A  max A   missed  made up",
    ]
    for fault in ATOM_FAULTS:
        for size, sigma in ((64, 0.26), (32, 0.40)):
            rng = np.random.default_rng(seed)
            spoilt = [
                fault.spoil(species_images(cluster, size, EDGE, fault.blur * sigma)[1][0], rng)
                for cluster in clusters
            ]
            found = {
                "published": [published_atoms(image) for image in spoilt],
                "ours": [atoms_of(image[None], EDGE, sigma)[0].positions for image in spoilt],
            }
            for method, positions in found.items():
                line = _atom_summary(positions, clusters)
                lines.append(f"{fault}  {size:<6d} {sigma:<5.2f}  {method:<9s} {line}")
    return "\n".join(lines)


def _atom_summary(found: list[Floats], clusters: list[Crystal]) -> str:
    errors, made_up = [], 0
    for positions, cluster in zip(found, clusters, strict=True):
        truth = cluster.cartesian - cluster.cartesian.mean(axis=0) + EDGE / 2
        apart = truth[:, None] - positions
        apart -= EDGE * np.rint(apart / EDGE)
        distances = np.linalg.norm(apart, axis=-1)
        errors.append(distances.min(axis=1, initial=np.inf))
        made_up += max(0, len(positions) - len(truth))
    nearest = np.concatenate(errors)
    hit = nearest[nearest < APART / 2]
    missed = len(nearest) - len(hit)
    return f"{hit.mean():6.4f} {hit.max():6.3f} {missed:>8d} {made_up:>8d}"


if __name__ == "__main__":
    main()
