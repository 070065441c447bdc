"""Write what was predicted for a sample as files of its own: images, curves, frames of numbers.

Images are PNG in the model's own pixels, whose size stands in the files (as their resolution and
as text). Frames are `Qx Qy I` columns, as SasView and this pair's own reader take them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmodkit.pair import Sample
from xmodkit.places import own_stem, said_source
from xmodkit.prediction import Prediction, Value
from xmodkit_saxs_sem.modalities import ENSEMBLE, PIXEL_NM, R_NM, STATISTICS
from xmodkit_saxs_sem.pictures.micrograph import montage
from xmodkit_saxs_sem.pictures.route_cards import frame_of

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

__all__ = ["write_files"]

_IMAGE, _MEMBERS, _CURVES, _FRAME = ".png", ".members.png", ".statistics.csv", ".saxs.dat"
_SOURCE = "# source: "
_ACROSS = 8  # members side by side
_METRES_PER_INCH = 0.0254


def write_files(sample: Sample, prediction: Prediction, folder: Path) -> Sequence[Path]:
    """Write one sample's files below a folder and return their paths.

    An image gives `images/<id>.png`, its ensemble `images/<id>.members.png`, its statistics
    `images/<id>.statistics.csv`; a frame gives `frames/<id>.saxs.dat`. Two samples of one name
    get files of their own.
    """
    written: list[Path] = []
    if "micrograph" in prediction.fields:
        written += _write_images(sample, prediction, _made(folder / "images"))
    if "intensity" in prediction.fields:
        written.append(_write_frame(sample, prediction, _made(folder / "frames")))
    return written


def _write_images(sample: Sample, prediction: Prediction, folder: Path) -> list[Path]:
    from PIL import Image

    origin = said_source(sample)
    stem = own_stem(folder, sample.id, _IMAGE, lambda path: _origin_of_image(path) == origin)
    inch = _METRES_PER_INCH / (PIXEL_NM * 1e-9)
    paths = [folder / f"{stem}{_IMAGE}"]
    image = Image.fromarray(prediction.fields["micrograph"].value)
    image.save(paths[0], pnginfo=_said(origin), dpi=(inch, inch))
    if ENSEMBLE.name in prediction.fields:
        members = prediction.fields[ENSEMBLE.name].value
        paths.append(folder / f"{stem}{_MEMBERS}")
        sheet = montage(members, _ACROSS, members.shape[-1], "#808080").convert("L")
        sheet.save(paths[-1], pnginfo=_said(origin), dpi=(inch, inch))
    curves = [
        (f.name, prediction.fields[f.name]) for f in STATISTICS if f.name in prediction.fields
    ]
    if curves:
        paths.append(folder / f"{stem}{_CURVES}")
        paths[-1].write_text(_table(curves), encoding="utf-8")
    return paths


def _table(curves: Sequence[tuple[str, Value]]) -> str:
    """Return curves over the distance in nm, with bounds where there are any, as CSV."""
    names, columns = ["r_nm"], [R_NM]
    for name, value in curves:
        for end, array in (("", value.value), ("_lower", value.lower), ("_upper", value.upper)):
            if array is not None and np.isfinite(array).all():
                names.append(name + end)
                columns.append(array)
    rows = np.stack(columns, axis=1).tolist()
    return "\n".join([",".join(names), *(",".join(f"{v:.7g}" for v in row) for row in rows)]) + "\n"


def _write_frame(sample: Sample, prediction: Prediction, folder: Path) -> Path:
    origin = _SOURCE + said_source(sample)
    stem = own_stem(folder, sample.id, _FRAME, lambda path: origin in _head(path))
    frame = frame_of(prediction)
    known = frame["mask"] != 0
    angstrom = {"qx": 0.1, "qy": 0.1, "intensity": 1.0}  # what programs take such columns to be in
    columns = [(frame[name][known] * unit).tolist() for name, unit in angstrom.items()]
    lines = [
        "# predicted, not measured: Qx and Qy in 1/A, I in multiples of its mean",
        origin,
        *(_novelty(prediction)),
        "Qx (1/A)  Qy (1/A)  I(QxQy)",
        *(f"{x:.7g} {y:.7g} {value:.7g}" for x, y, value in zip(*columns, strict=True)),
    ]
    path = folder / f"{stem}{_FRAME}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _novelty(prediction: Prediction) -> list[str]:
    if prediction.novelty is None:
        return []
    flag = ", novel: unlike the training samples" if np.any(prediction.novel) else ""
    return [f"# novelty: {float(prediction.novelty):.3g}{flag}"]


def _said(origin: str) -> PngInfo:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("source", origin)
    info.add_text("pixel_nm", f"{PIXEL_NM:g}")
    info.add_text("description", "predicted, not measured")
    return info


def _origin_of_image(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        return str(image.info.get("source", ""))


def _head(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [file.readline().rstrip("\n") for _ in range(4)]


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
