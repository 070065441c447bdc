"""The ends of an interpolation: two crystals and their latents by the encoder of the same run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xmodkit.errors import InputError, ModelFileError, UsageError
from xmodkit.modality import stacked
from xmodkit.pair import Failure, ModalityPair, Options, Predictor, Sample
from xmodkit_crystal.reading.arrays import to_crystal
from xmodkit_crystal.structure import Crystal

__all__ = ["Ends", "read_crystal", "read_ends"]

_PROVENANCE = ("model", "seed", "data", "split")  # of a training, as its files tell


@dataclass(frozen=True, eq=False)
class Ends:
    """Two crystals by name, in order, and their latents (2, size)."""

    crystals: dict[str, Crystal]
    latents: NDArray[np.float64]

    @property
    def elements(self) -> tuple[int, ...]:
        """The elements of both; raise `UsageError` if they differ."""
        first, last = (crystal.species for crystal in self.crystals.values())
        if first != last:
            raise UsageError(
                "--between: the two crystals are of different elements; name those of what lies "
                "between with --elements"
            )
        return first


def read_ends(
    pair: ModalityPair,
    predictor: Predictor,
    files: tuple[Path, Path],
    encoder: Path | None,
    options: Options,
) -> Ends:
    """Read the first crystal of two files and encode both.

    Raise `UsageError` where the encoder is absent or of another training, `InputError` for a file
    without a crystal that fits it.
    """
    route = pair.route("crystal:latent")
    path = encoder or _beside(predictor)
    if not path.is_file():
        raise UsageError(f"{path}: no such file; --encoder names the model file of crystal:latent")
    encoding = pair.predictor(route, path, predictor.device, options)
    _check(encoding, predictor, path)
    first, last = (read_crystal(pair, file, options) for file in files)
    names = (first.id, last.id if last.id != first.id else f"{last.id}-2")
    configured = pair.configured(options, encoding)
    rows = [row for end in (first, last) for row in configured.encode(end, route, options)]
    latents = encoding.run(stacked(rows)).fields["latent"].value.astype(float)
    crystals = [to_crystal(end.arrays["crystal"]) for end in (first, last)]
    return Ends(dict(zip(names, crystals, strict=True)), latents)


def read_crystal(pair: ModalityPair, path: Path, options: Options) -> Sample:
    """Return the first crystal of a file; raise `InputError` if it has none."""
    found = next(iter(pair.read(path, pair.route("crystal:latent"), options)), None)
    if found is None or isinstance(found, Failure):
        raise InputError(f"{path}: holds no crystal" if found is None else found.error)
    return found


def _beside(predictor: Predictor) -> Path:
    """Return where the encoder lies that was exported with a decoder."""
    file = getattr(predictor, "file", None)
    if file is None or "latent-crystal" not in file.path.name:
        raise UsageError("--between needs --encoder: the model file of crystal:latent")
    return Path(file.path.with_name(file.path.name.replace("latent-crystal", "crystal-latent")))


def _check(encoding: Predictor, predictor: Predictor, path: Path) -> None:
    if encoding.route.name != "crystal:latent":
        raise ModelFileError(f"{path}: a model of {encoding.route.name}, crystal:latent expected")
    trainings = [
        {key: metadata.training.get(key) for key in _PROVENANCE}
        for model in (encoding, predictor)
        if (metadata := getattr(model, "metadata", None)) is not None
    ]
    if len(trainings) == 2 and trainings[0] != trainings[1]:
        raise UsageError(
            f"--encoder {path}: of another training than --model, so that its latents mean other "
            "crystals; give the file that was exported from the same run"
        )
