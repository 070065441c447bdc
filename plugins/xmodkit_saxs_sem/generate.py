"""Generate images that explain one measured frame: an ensemble, as large as asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, UsageError
from xmodkit.modality import Arrays
from xmodkit.pair import Failure, Generation, ModalityPair, Options, Predictor, Sample
from xmodkit.prediction import Derived
from xmodkit_saxs_sem.modalities import ENSEMBLE, PIXEL_NM
from xmodkit_saxs_sem.options.ensemble import GENERATED, Ensemble
from xmodkit_saxs_sem.pictures.generation import draw_curves_of, draw_members

__all__ = ["generate"]

_CHUNK = 50  # members drawn at once: memory stays the same however many there are


@dataclass(frozen=True)
class _Drawn:
    """All members (n, 96, 96) for one frame, and how unlike the training frames it is."""

    images: NDArray[np.uint8]
    novelty: float
    novel: bool


def generate(pair: ModalityPair, predictor: Predictor, seed: int, options: Options) -> Generation:
    """Draw members for the frame that the option `from` names.

    Raise `UsageError` without a frame, or for a model of another route, and `InputError` for a
    frame that cannot be read.
    """
    route = predictor.route
    if route.name != "saxs:sem":
        raise UsageError(f"a model of {route.name} given, one of saxs:sem expected")
    ensemble = Ensemble.parse({**options, "seed": seed}, GENERATED)
    sample = _frame(pair, options)
    (row,) = pair.encode(sample, pair.route(route.name), options)
    drawn = _draw(predictor, row, ensemble)
    derived = pair.derive({"micrograph": drawn.images}, pair.route(route.name))
    learned = _learned_from(predictor)
    pictures = {
        "members": draw_members(sample, drawn.images, drawn.novel, learned),
        "two-point": draw_curves_of(sample, drawn.images, drawn.novel, learned),
    }
    return Generation(list(_samples(sample, drawn, ensemble, derived)), pictures)


def _learned_from(predictor: Predictor) -> str:
    """Return what a picture says of the model that drew it: that its films were simulated."""
    metadata = getattr(predictor, "metadata", None)
    source = metadata.training.get("data", {}).get("source") if metadata is not None else None
    return "by a model of simulated films" if source == "simulated" else ""


def _frame(pair: ModalityPair, options: Options) -> Sample:
    """Return the first frame of the file that is named."""
    if not options.get("from"):
        raise UsageError("--from is missing: name the frame whose images are to be generated")
    path = Path(options["from"])
    if not path.is_file():
        raise UsageError(f"--from {path}: there is no such file; name a frame")
    found = next(iter(pair.read(path, pair.route("saxs:sem"), options)), None)
    if found is None:
        raise InputError(f"{path}: holds no frame")
    if isinstance(found, Failure):
        raise InputError(found.error)
    pair.modality("saxs").check(found.arrays["saxs"])
    return found


def _draw(predictor: Predictor, row: Arrays, ensemble: Ensemble) -> _Drawn:
    feeds = {field.name: np.asarray(row[field.name])[None] for field in predictor.inputs}
    images, novelty, novel = [], 0.0, False
    for start in range(0, ensemble.n, _CHUNK):
        found = predictor.run(feeds, **ensemble.inputs(start, start + _CHUNK))[0]
        images.append(found.fields[ENSEMBLE.name].value)
        novelty = float(found.novelty) if found.novelty is not None else novelty
        novel = bool(np.any(found.novel))
    return _Drawn(np.concatenate(images), novelty, novel)


def _samples(
    source: Sample, drawn: _Drawn, ensemble: Ensemble, derived: Mapping[str, Derived]
) -> Iterator[Sample]:
    pixel = np.array(PIXEL_NM, np.float32)
    for number, image in enumerate(drawn.images):
        known = {
            "generated": True,
            "from": source.source,
            "member": number,
            "seed": ensemble.seed + number,
            "spread": ensemble.spread,
            "novelty": drawn.novelty,
            "novel": drawn.novel,
            **{
                name: round(float(scalar.value[number]), 6)
                for name, scalar in derived.items()
                if np.isfinite(scalar.value[number])
            },
        }
        arrays = {"sem": {"micrograph": image, "pixel_nm": pixel}}
        name = f"{source.id}-{number + 1:0{len(str(ensemble.n))}d}"
        yield Sample(
            name, arrays, source.source, number, metadata=known, groups={"sample": source.id}
        )
