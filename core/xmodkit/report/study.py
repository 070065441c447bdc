"""The picture of a data-efficiency study: R2 against how many samples were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xmodkit.report.style import ACCENT, BOX, FAINT, canvas, png, style

__all__ = ["draw_sizes"]


def draw_sizes(r2: Mapping[int, Sequence[float]], baselines: Mapping[str, float]) -> bytes:
    """Return a PNG: a box of R2 for each number of training samples, on a logarithmic axis.

    `r2` holds the values of each size's trainings; `baselines` are drawn as lines. Raise
    `MissingExtraError` without matplotlib.
    """
    with style():
        figure = canvas(7, 4)
        axes = figure.add_subplot()
        sizes = sorted(r2)
        axes.boxplot([r2[size] for size in sizes], positions=np.log10(sizes), widths=0.12, **BOX)
        for i, (name, value) in enumerate(baselines.items()):
            last = i == len(baselines) - 1
            axes.axhline(
                value, color=FAINT if last else ACCENT, linestyle=":" if last else "--", label=name
            )
        axes.set_xticks(np.log10(sizes), [f"{size:,}\n({len(r2[size])} x)" for size in sizes])
        axes.set(xlabel="samples trained on (trainings)", ylabel="R², mean over channels")
        axes.set_xlim(np.log10(sizes[0]) - 0.2, np.log10(sizes[-1]) + 0.2)
        low = min(min(min(values) for values in r2.values()), *baselines.values())
        axes.set_ylim(low - 0.05, 1)
        axes.legend(loc="upper left", ncols=2)
        return png(figure)
