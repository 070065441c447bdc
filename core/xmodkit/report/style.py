"""One style for every figure of a report; matplotlib is imported here and nowhere earlier."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from xmodkit.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "ACCENT",
    "BLUE",
    "BOX",
    "FAINT",
    "INK",
    "PALE",
    "SHADE",
    "canvas",
    "legend",
    "line_styles",
    "png",
    "style",
]

INK, FAINT, SHADE = "#1b2430", "#5b6675", "#eceff3"
# Okabe and Ito's colours, told apart by every kind of colour vision.
BLUE, ACCENT = "#0072b2", "#d55e00"
PALE: Final = "#bcdaec"  # of BLUE: what is filled
RUNS: Final = (BLUE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
BROKEN: Final = (ACCENT, "#e69f00")

BOX: Final[Any] = {
    "patch_artist": True,
    "boxprops": {"facecolor": PALE, "edgecolor": BLUE},
    "medianprops": {"color": INK},
    "whiskerprops": {"color": BLUE},
    "capprops": {"color": BLUE},
    "flierprops": {"marker": ".", "markeredgecolor": BLUE},
}

_STYLE: Final[Any] = {  # Any: matplotlib types each key
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dde2e8",
    "grid.linewidth": 0.6,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.constrained_layout.use": True,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the report's style; raise `MissingExtraError` without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError("a report", "matplotlib", "report") from error
    with mpl.rc_context(_STYLE):
        yield


def canvas(width: float, height: float) -> Canvas:
    """Return an empty figure, inches wide and high, that needs neither display nor backend."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def png(figure: Canvas, dpi: int = 144) -> bytes:
    """Return a figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def line_styles(runs: int, floors: int) -> list[dict[str, Any]]:
    """Return how to draw runs (solid, in colour) and floors (broken, the last one grey)."""
    solid = [{"color": RUNS[i % len(RUNS)], "zorder": 3} for i in range(runs)]
    broken: list[dict[str, Any]] = [
        {"color": BROKEN[i % 2], "linestyle": ("--", "-.")[i % 2], "linewidth": 1.1}
        for i in range(floors - 1)
    ]
    last: list[dict[str, Any]] = [{"color": FAINT, "linestyle": ":", "linewidth": 1.1}]
    return solid + broken + last[: min(floors, 1)]


def legend(axes: Axes, **options: Any) -> None:
    """Add a legend if anything is labelled."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**options)
