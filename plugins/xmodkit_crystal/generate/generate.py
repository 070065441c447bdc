"""Generate crystals from latents at random, or from those between two crystals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import UsageError
from xmodkit.pair import Generation, ModalityPair, Options, Predictor, Sample
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.table import Row, row
from xmodkit_crystal.generate.candidates import Candidate, candidates_of
from xmodkit_crystal.generate.ends import Ends, read_ends
from xmodkit_crystal.generate.known import KnownCrystals, read_known
from xmodkit_crystal.generate.output_files import write_files
from xmodkit_crystal.generate.request import Request
from xmodkit_crystal.generate.space import LatentSpace
from xmodkit_crystal.interpolate import slerp
from xmodkit_crystal.pictures.generation import draw_best
from xmodkit_crystal.reading.arrays import to_arrays

__all__ = ["generate"]


def generate(pair: ModalityPair, predictor: Predictor, seed: int, options: Options) -> Generation:
    """Make up latents, decode them, and return the crystals that are left, the best first.

    Raise `UsageError` for options that contradict each other or the model, `InputError` for
    crystals that cannot be read, `MissingExtraError` without pymatgen, spglib or ASE.
    """
    if predictor.route.name != "latent:crystal":
        raise UsageError(f"a model of {predictor.route.name} given, one of latent:crystal expected")
    request, space = Request.parse(options), LatentSpace.of(predictor)
    known = read_known(pair, request.known, options)
    if request.between is None:
        elements = request.elements or space.elements
        latents = space.vectors(space.random(request.n, seed, len(elements)), elements)
        said = "from random latents"
    else:
        ends = read_ends(pair, predictor, request.between, request.encoder, options)
        latents, known = _between(ends, space, request), {**known, **ends.crystals}
        said = f"between {' and '.join(ends.crystals)}"
    candidates, counts = candidates_of(predictor, latents, pair.batch_size)
    rows = _rows(candidates, KnownCrystals(known))
    crystals = [one.crystal for one in candidates]
    made = _said(predictor, said, counts)
    return Generation(
        [_sample(one, row, seed, said) for one, row in zip(candidates, rows, strict=True)],
        {"best": draw_best(rows, crystals, made)} if rows else {},
        partial(write_files, rows, crystals),
        counts,
    )


def _between(ends: Ends, space: LatentSpace, request: Request) -> NDArray[np.float32]:
    """Return latents (n, size) at equal steps between two, without the ends themselves."""
    shares = np.linspace(0, 1, request.n + 2)[1:-1]
    start, end = space.without_elements(ends.latents)
    return space.vectors(slerp(start, end, shares), request.elements or ends.elements)


def _rows(candidates: Sequence[Candidate], known: KnownCrystals) -> list[Row]:
    """Return the rows of the table, named by rank and formula: `007-V2O3`."""
    digits = max(3, len(str(len(candidates))))
    rows = []
    for rank, one in enumerate(candidates, 1):
        nearest = known.nearest(one.crystal)
        rows.append(
            row(
                f"{rank:0{digits}d}-{reduced_formula(one.crystal.numbers)}",
                one.crystal,
                stability=_known(one.stability),
                novelty=_known(one.novelty),
                nearest=None if nearest is None else nearest[0],
                nearest_rms=None if nearest is None else nearest[1].rms,
            )
        )
    return rows


def _sample(candidate: Candidate, row: Row, seed: int, said: str) -> Sample:
    told = {
        "stability": row.stability,
        "novelty": row.novelty,
        "nearest": row.nearest,
        "nearest_rms": row.nearest_rms,
    }
    return Sample(
        row.name,
        {"latent": {"latent": candidate.latent}, "crystal": to_arrays(candidate.crystal)},
        source=f"generated {said}",
        ordinal=candidate.number,
        metadata={
            "generated": True,
            "seed": seed,
            "number": candidate.number,
            "formula": row.formula,
            "space_group": row.space_group.symbol,
            "volume": round(row.volume, 4),
            "shortest": {pair: round(apart, 4) for pair, apart in row.distances.items()},
            "oxidation_sum": row.validity.oxidation_sum,
            "valid": row.validity.valid,
            "reasons": list(row.validity.reasons),
            "novel": candidate.novel,
            **{name: value for name, value in told.items() if value is not None},
        },
        groups={"formula": row.formula, "sample": row.name},
    )


def _said(predictor: Predictor, said: str, counts: dict[str, int]) -> str:
    """Return what a picture says of where its crystals come from."""
    metadata = getattr(predictor, "metadata", None)
    source = metadata.training.get("data", {}).get("source") if metadata is not None else None
    learned = ", by a model of simulated crystals" if source == "simulated" else ""
    return f"{said}, {counts['drawn']} drawn, {counts['valid']} different valid ones{learned}"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
