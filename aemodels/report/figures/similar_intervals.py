"""Figure of similar intervals: the query and the nearest ones, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from aemodels.core.types import AxisArray, FloatArray
from aemodels.report.figures.style import DASHES, SERIES, TEXT_GREY, new_figure, plain_axes

MAX_STRIPS = 8


@dataclass(frozen=True, eq=False)
class Strip:
    """One interval of the figure.

    Args:
        heading: well and distance.
        depth: float64[sample], in the file's unit.
        unit: of the depths.
        values: float32[curve, sample], normalised, NaN = missing.
    """

    heading: str
    depth: AxisArray
    unit: str
    values: FloatArray


def similar_strips(strips: Sequence[Strip], curves: Sequence[str], *, title: str) -> Figure:
    """Draw the first eight intervals side by side, depth down, all curves in normalised units on one scale.

    Args:
        strips: the query first, then the intervals found.
        curves: names of the rows of `values`.
        title: heading of the figure.
    """
    shown = strips[:MAX_STRIPS]
    figure = new_figure(1.2 + 1.7 * len(shown), 6.5)
    for number, (axes, strip) in enumerate(zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True)):
        plain_axes(axes).set_title(strip.heading, fontsize=9, loc="left", fontweight="normal" if number else "bold")
        for row, values in enumerate(strip.values):
            colour, dash = SERIES[row % len(SERIES)], DASHES[row % len(DASHES)]
            axes.plot(values, strip.depth, color=colour, linestyle=dash, linewidth=1.2)
        axes.set_xlim(-0.1, 1.1)
        axes.set_ylim(float(strip.depth[-1]), float(strip.depth[0]))
        axes.set_ylabel(strip.unit if number == 0 else "", color=TEXT_GREY)
        axes.tick_params(labelsize=7.5)
    figure.legend(figure.axes[0].lines, curves, loc="outside lower center", ncols=MAX_STRIPS, frameon=False, fontsize=9)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure
