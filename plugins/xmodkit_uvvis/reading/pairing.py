"""Which image belongs to which spectrum, by the names of files and the folders they lie in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from xmodkit_uvvis.reading.library import SpectrumSource

__all__ = ["nearest", "pair_by_stem", "sample_ids"]


def nearest(path: Path, others: Sequence[Path]) -> list[int]:
    """Return which of `others` share the most leading folders with `path`: one, unless they tie."""
    shared = [_shared(path, other) for other in others]
    return [i for i, count in enumerate(shared) if count == max(shared)]


def pair_by_stem(
    images: Sequence[Path], spectra: Sequence[SpectrumSource]
) -> Mapping[Path, SpectrumSource]:
    """Return each image's spectrum: the nearest of that name, whose nearest image it is in turn.

    So `a1.png` and `a1.csv` are paired side by side as well as in `scans/` and `spectra/`, in any
    number of folders; what several images or spectra could mean is left unpaired.
    """
    named: dict[str, list[SpectrumSource]] = defaultdict(list)
    for source in spectra:
        named[source.name].append(source)
    stems: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        stems[image.stem].append(image)
    pairs = {}
    for stem, same in stems.items():
        sources = named.get(stem, [])
        places = [source.path for source in sources]
        for number, image in enumerate(same):
            chosen = nearest(image, places)
            if len(chosen) == 1 and nearest(places[chosen[0]], same) == [number]:
                pairs[image] = sources[chosen[0]]
    return pairs


def sample_ids(images: Sequence[Path]) -> dict[Path, str]:
    """Return a sample id per image: its stem, with its folders where stems repeat."""
    counts = Counter(image.stem for image in images)
    repeated = [image for image in images if counts[image.stem] > 1]
    common = _common(repeated)
    ids = {}
    for image in images:
        folders = image.absolute().parent.parts[common:] if image in repeated else ()
        ids[image] = "-".join((*folders, image.stem))
    return ids


def _shared(one: Path, other: Path) -> int:
    return _common([one, other])


def _common(paths: Sequence[Path]) -> int:
    """Return how many leading folders all paths share."""
    parts = [path.absolute().parent.parts for path in paths]
    count = 0
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count
