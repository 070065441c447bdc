"""Images from the best predicted to the worst: what went in, what is true, what was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xmodkit.evaluation import Evaluation, Figure
from xmodkit.modality import Array
from xmodkit.report.style import canvas, png
from xmodkit_saxs_sem.modalities import FIELD_NM
from xmodkit_saxs_sem.report.ranking import chosen_rows, error_name, sample_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["image_gallery"]

_EACH = 2
_MEMBERS = 3


def image_gallery(evaluation: Evaluation) -> Figure:
    """Return pictures of two samples each of least, middle and largest error."""
    chosen = chosen_rows(evaluation, _EACH)
    errors = sample_errors(evaluation)
    places = [(name, row) for name, rows in chosen.items() for row in rows]
    panels = [_panels(evaluation, row) for _, row in places]
    across = max(len(each) for each in panels)
    figure = canvas(9, 0.3 + 9 / across * len(places))
    grid = figure.subplots(len(places), across, squeeze=False)
    for down, ((name, row), shown) in enumerate(zip(places, panels, strict=True)):
        for axes, (title, picture) in zip(grid[down], shown.items(), strict=False):
            _show(axes, picture, title if down == 0 else "")
        grid[down][0].set_ylabel(f"{name}\n{errors[row]:.4f}", fontsize=8)
    return Figure(
        "images",
        "Images from best to worst",
        f"Two samples each of least, middle and largest error ({error_name(evaluation)}, at the "
        f"left). Images show {FIELD_NM:g} nm, the bright phase white. A predicted image is another "
        "place of the same film at best: it need not look like the true one pixel by pixel.",
        png(figure),
        "Pictures",
        {name: [evaluation.samples[row].id for row in rows] for name, rows in chosen.items()},
    )


def _panels(evaluation: Evaluation, row: int) -> dict[str, Array]:
    arrays, fields = evaluation.samples[row].arrays, evaluation.prediction.fields
    shown: dict[str, Array] = {}
    if evaluation.route.source == "saxs":
        frame = arrays["saxs"]
        shown["input (log)"] = np.where(
            frame["mask"] > 0, np.log10(np.maximum(frame["intensity"], 0) + 1), np.nan
        )
    shown["true"] = evaluation.truth["micrograph"][row]
    shown["predicted"] = fields["micrograph"].value[row]
    if "probability" in fields:
        shown["probability"] = fields["probability"].value[row]
    if "ensemble" in fields:
        for number, member in enumerate(fields["ensemble"].value[row][:_MEMBERS], start=1):
            shown[f"member {number}"] = member
    return shown


def _show(axes: Axes, picture: Array, title: str) -> None:
    axes.imshow(picture, cmap="gray", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_title(title, fontsize=8)
