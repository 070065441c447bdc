"""The pictures of a study: covered variance, vectors on the structure, sensitivity, scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xmodkit.report.style import ACCENT, FAINT, RUNS, canvas, png, style
from xmodkit_xes.study.descriptor import Descriptor
from xmodkit_xes.study.fits import Fit
from xmodkit_xes.study.methods import EMULATOR, METHODS
from xmodkit_xes.study.parameters import leading, spearman
from xmodkit_xes.study.rows import Floats
from xmodkit_xes.study.table import Line

__all__ = ["draw_basis", "draw_covered", "draw_scores", "draw_sensitivity"]

_MOST_AXES = 6  # of many features, those that matter most are drawn


def draw_covered(lines: Sequence[Line]) -> bytes:
    """Return a PNG: covered variance of the test rows against k, with intervals (Tables I, II)."""
    with style():
        figure = canvas(7, 4)
        axes = figure.add_subplot()
        for place, method in enumerate(METHODS):
            of = [line for line in lines if line.method == method]
            x = np.array([line.k for line in of]) + 0.06 * (place - (len(METHODS) - 1) / 2)
            test = np.array([line.test for line in of])
            reach = [test - [line.low for line in of], [line.high for line in of] - test]
            colour = (*RUNS, ACCENT)[place % (len(RUNS) + 1)]
            axes.errorbar(
                x, test, np.maximum(reach, 0), color=colour, marker="o", markersize=3.5,
                linewidth=1.2, elinewidth=0.7, label=method,
            )  # fmt: skip
        for line in lines:
            if not line.k and line.test > 0.01:
                axes.axhline(line.test, color=FAINT, linestyle="--", label=f"full {line.method}")
        axes.axhline(0, color=FAINT, linestyle=":", label="training mean")
        axes.set_xticks(sorted({line.k for line in lines if line.k}))
        low = min(line.test for line in lines)
        axes.set(
            xlabel="components k",
            ylabel="covered variance, test rows",
            ylim=(min(-0.03, low), 1.03),
        )
        axes.legend(loc="lower right", ncols=2)
        return png(figure)


def draw_basis(fit: Fit, descriptor: Descriptor) -> bytes:
    """Return a PNG: each vector of a linear encoder on the structure's features (Figure 3)."""
    with style():
        k = len(fit.basis)
        wide = descriptor.name == "coulomb"
        columns = 1 if wide else min(k, 4)
        figure = canvas(8 if wide else 3.4 * columns, 4.2 * -(-k // columns))
        grid = figure.subfigures(-(-k // columns), columns, squeeze=False)
        parts = [part for row in grid for part in row]
        for place, vector in enumerate(fit.basis):
            length = float(np.linalg.norm(vector)) or 1.0
            descriptor.draw(parts[place], _signed(vector) / length)
            parts[place].suptitle(f"{fit.method}, k = {fit.k}: v{place + 1}", fontsize=9)
        return png(figure)


def draw_sensitivity(fits: Sequence[Fit], descriptor: Descriptor, relative: bool) -> bytes:
    """Return a PNG: M(x) along features of the emulator and along scores of methods (Figure 8).

    `relative` is that of `sensitivity.sensitivity`: whether M is a share of the spectrum's norm.
    """
    with style():
        figure = canvas(3.6 * len(fits), 3.4)
        share, spread = "M = ||S(x) - S(c)|| / ||S(c)||", "||z(x) - z(c)|| / root of channels"
        panels = figure.subplots(1, len(fits), sharey=True, squeeze=False)[0]
        for panel, fit in zip(panels, fits, strict=True):
            order = np.argsort(-fit.sensitivity.max(axis=1))[:_MOST_AXES]
            for axis in sorted(order) if len(fit.path) <= _MOST_AXES else order:
                name = (
                    descriptor.names[axis].partition(" / ")[0]
                    if fit.method == EMULATOR
                    else f"t{axis + 1}"
                )
                panel.plot(fit.path[axis], fit.sensitivity[axis], label=name)
            panel.set_title("full emulator" if not fit.k else f"{fit.method}, k = {fit.k}")
            panel.set_xlabel("standardised feature" if not fit.k else "score t")
            panel.legend(fontsize=7)
        panels[0].set_ylabel(share if relative else spread)
        return png(figure)


def draw_scores(fits: Sequence[Fit], ordered: Mapping[str, Floats]) -> bytes:
    """Return a PNG: t1, t2 of each method's rows, coloured by an ordered parameter (Figure 5).

    The parameter is the one that follows a score of the first method most closely; a single score
    is drawn against it.
    """
    with style():
        name = leading(fits[0].scores, ordered)
        value = ordered[name]
        figure = canvas(3.4 * len(fits) + 0.6, 3.4)
        panels = figure.subplots(1, len(fits), squeeze=False)[0]
        low, high = np.quantile(value, [0.01, 0.99])
        for panel, fit in zip(panels, fits, strict=True):
            t = fit.scores
            beside, label = (t[:, 1], "t2") if fit.k > 1 else (value, name)
            shown = panel.scatter(
                t[:, 0], beside, c=value, s=5, cmap="viridis", vmin=low, vmax=high, linewidths=0
            )
            rho = ", ".join(f"{spearman(score, value):+.2f}" for score in t.T[:2])
            panel.set_title(f"{fit.method}, k = {fit.k}: rank corr. {rho}", fontsize=8)
            panel.set(xlabel="t1", ylabel=label)
        figure.colorbar(shown, ax=list(panels), label=name)
        return png(figure)


def _signed(vector: Floats) -> Floats:
    """Return the vector with the sign that makes its largest entry positive: signs are free."""
    sign = -1.0 if vector[np.argmax(np.abs(vector))] < 0 else 1.0
    return sign * vector
