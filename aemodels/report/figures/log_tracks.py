"""Well-log tracks: depth down, customary scales, one heading per curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from aemodels.core.types import AxisArray
from aemodels.report.figures.style import GRID_GREY, TEXT_GREY
from aemodels.report.log_scales import CurveScale

HEADING_HEIGHT = 27.0


def track_axes(figure: Figure, count: int, axis: AxisArray) -> list[Axes]:
    """Create empty tracks side by side on one depth axis that increases downwards.

    Args:
        figure: an empty figure.
        count: number of tracks.
        axis: float64[sample], depth in m; sets the limits.
    """
    columns = list(figure.subplots(1, count, sharey=True, squeeze=False)[0])
    for axes in columns:
        axes.set_xlim(0.0, 1.0)
        axes.grid(visible=True, axis="y", color=GRID_GREY, linewidth=0.7)
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
        axes.tick_params(axis="y", colors=TEXT_GREY, labelsize=9, left=axes is columns[0])
        axes.spines[:].set_color("#999999")
        axes.set_axisbelow(True)
    columns[0].set_ylim(float(axis[-1]), float(axis[0]))
    columns[0].set_ylabel("depth (m)", color=TEXT_GREY)
    return columns


def headings(axes: Axes, scales: Mapping[str, CurveScale], units: Mapping[str, str]) -> None:
    """Draw the headings of a track, one above the other, and the vertical grid of its first curve.

    Args:
        axes: the track.
        scales: of each curve.
        units: of each curve, "" if it has none.
    """
    for row, (name, scale) in enumerate(scales.items()):
        heading(axes, row, f"{name} ({units[name]})" if units[name] else name, scale)
    first = next(iter(scales.values()))
    lines = np.linspace(0.2, 0.8, 4, dtype=np.float32)
    if first.log:
        lines = first.position(np.array([m * 10.0**d for d in range(-1, 4) for m in range(1, 10)], dtype=np.float32))
    for line in lines[(lines > 0.0) & (lines < 1.0)]:
        axes.axvline(float(line), color=GRID_GREY, linewidth=0.7, zorder=0)


def heading(axes: Axes, row: int, text: str, scale: CurveScale) -> None:
    """Draw the heading of one curve above its track: its name and unit, a line in its colour, and the two limits.

    Args:
        axes: the track.
        row: 0 for the heading next to the track, 1 for the one above it, and so on.
        text: name and unit.
        scale: gives colour and limits.
    """
    base = 5.0 + HEADING_HEIGHT * row
    figure = axes.get_figure(root=True)
    lift = ScaledTranslation(0.0, (base + 11.0) / 72.0, figure.dpi_scale_trans)  # type: ignore[union-attr]
    axes.plot(
        [0.0, 1.0],
        [1.0, 1.0],
        transform=axes.transAxes + lift,
        color=scale.colour,
        linewidth=1.6,
        clip_on=False,
    )
    _above(axes, text, (0.5, base + 13.0), colour=scale.colour)
    _above(axes, f"{scale.left:g}".replace("-", "−"), (0.0, base), colour=TEXT_GREY)
    _above(axes, f"{scale.right:g}".replace("-", "−"), (1.0, base), colour=TEXT_GREY)


def _above(axes: Axes, text: str, position: tuple[float, float], *, colour: str) -> None:
    """Write text above the track; `position` is the share of the width and the points above the top."""
    axes.annotate(
        text,
        xy=(position[0], 1.0),
        xycoords="axes fraction",
        xytext=(0.0, position[1]),
        textcoords="offset points",
        ha={0.0: "left", 1.0: "right"}.get(position[0], "center"),
        va="bottom",
        fontsize=9.0 if position[0] == 0.5 else 7.5,
        color=colour,
        annotation_clip=False,
    )
