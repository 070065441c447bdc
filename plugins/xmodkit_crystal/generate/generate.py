"""Generate crystals from latents at random, or from those between two crystals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError
from xmodkit.pair import Generation, ModalityPair, Options, Predictor, Sample
from xmodkit_crystal.chemistry.formula import reduced_formula
from xmodkit_crystal.chemistry.table import Row, row
from xmodkit_crystal.generate.candidates import Candidate, candidates_of
from xmodkit_crystal.generate.ends import Ends, read_ends
from xmodkit_crystal.generate.known import KnownCrystals, read_known
from xmodkit_crystal.generate.output_files import write_files
from xmodkit_crystal.generate.request import Request
from xmodkit_crystal.generate.roles import in_roles
from xmodkit_crystal.generate.space import LatentSpace
from xmodkit_crystal.interpolate import slerp
from xmodkit_crystal.pictures.generation import draw_best
from xmodkit_crystal.reading.arrays import to_arrays

__all__ = ["generate"]

Floats = NDArray[np.float64]

# What a count of candidates is called where people read it.
_COUNTED = {
    "drawn": "drawn",
    "empty": "without a crystal",
    "deformed": "with an impossible cell",
    "duplicates": "duplicates",
    "valid": "that pass the rules",
}


def generate(pair: ModalityPair, predictor: Predictor, seed: int, options: Options) -> Generation:
    """Make up latents, decode them, and return the crystals that are left, the best first.

    Raise `UsageError` for options that contradict each other or the model, `InputError` for
    crystals that cannot be read and where nothing is left, `MissingExtraError` without pymatgen,
    spglib or ASE.
    """
    if predictor.route.name != "latent:crystal":
        raise UsageError(f"a model of {predictor.route.name} given, one of latent:crystal expected")
    request, space = Request.parse(options), LatentSpace.of(predictor)
    reading = {**options, "symmetrize": None}  # asked of what is generated, not of what is read
    known = read_known(pair, request.known, reading)
    usual: Collection[int] | None
    if request.between is None:
        usual, shares = space.elements or None, None
        elements = in_roles(request.elements or space.elements, space.elements)
        latents = space.vectors(space.random(request.n, seed, len(elements)), elements)
        said = "from random latents"
    else:
        ends = read_ends(pair, predictor, request.between, request.encoder, reading)
        usual, shares = _common(ends), np.linspace(0, 1, request.n + 2)[1:-1]
        latents, known = _between(ends, space, request, shares), {**known, **ends.crystals}
        said = f"between {' and '.join(ends.crystals)}"
    candidates, counts = candidates_of(
        predictor, latents, pair.batch_size, usual=usual, tolerance=request.symmetrize
    )
    if not candidates:
        raise InputError(_nothing(counts))
    rows = _rows(candidates, KnownCrystals(known), shares)
    crystals = [one.crystal for one in candidates]
    made = _said(predictor, said, request, counts)
    return Generation(
        [_sample(one, row, seed, said) for one, row in zip(candidates, rows, strict=True)],
        {"best": draw_best(rows, crystals, made)},
        partial(write_files, rows, crystals),
        {_COUNTED[name]: count for name, count in counts.items()},
    )


def _between(
    ends: Ends, space: LatentSpace, request: Request, shares: Floats
) -> NDArray[np.float32]:
    """Return latents (n, size) at `shares` of the way between two, without the ends themselves.

    Elements of the second end lie in the slots of those of the first that are like them, so that
    anions become anions on the way.
    """
    z = space.without_elements(ends.latents)
    first, last = (crystal.species for crystal in ends.crystals.values())
    end = space.arranged(z[1:], [last.index(one) for one in in_roles(last, first)])[0]
    elements = in_roles(request.elements, first) if request.elements else ends.elements
    return space.vectors(slerp(z[0], end, shares), elements)


def _common(ends: Ends) -> set[int]:
    """Return the elements that both ends have."""
    first, last = (set(crystal.species) for crystal in ends.crystals.values())
    return first & last


def _nothing(counts: dict[str, int]) -> str:
    """Return why nothing was generated."""
    return (
        f"nothing was generated: of {counts['drawn']} latents {counts['empty']} hold no crystal, "
        f"and {counts['deformed']} one in a cell that no crystal of its elements has (too flat, "
        "too long, or of too much or too little volume per atom); give a greater --n or other "
        "--elements"
    )


def _rows(
    candidates: Sequence[Candidate], known: KnownCrystals, shares: Floats | None
) -> list[Row]:
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
                share=None if shares is None else float(shares[one.number]),
                removed=one.removed,
                scaled=one.scaled,
            )
        )
    return rows


def _sample(candidate: Candidate, row: Row, seed: int, said: str) -> Sample:
    told = {
        "stability": row.stability,
        "novelty": row.novelty,
        "nearest": row.nearest,
        "nearest_rms": row.nearest_rms,
        "share": None if row.share is None else round(row.share, 6),
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
            "removed": candidate.removed,
            "scaled": round(candidate.scaled, 4),
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


def _said(predictor: Predictor, said: str, request: Request, counts: dict[str, int]) -> str:
    """Return what a picture says of where its crystals come from."""
    metadata = getattr(predictor, "metadata", None)
    tolerance = request.symmetrize
    made = "" if tolerance is None else f", symmetrized within {tolerance:g} A"
    source = metadata.training.get("data", {}).get("source") if metadata is not None else None
    learned = "; the model learned from simulated crystals" if source == "simulated" else ""
    passed = f"{counts['drawn']} drawn, different ones passing the rules: {counts['valid']}"
    return f"{said}{made}, {passed}{learned}"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
