"""Style of all figures: colours that colour-blind readers can distinguish, axes, and export to PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from aemodels.report.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

DPI = 110

FLAGGED = ORANGE + "48"
AFFECTED = VERMILION + "78"
NOISY_GREY = "#B4B4B4"
GRID_GREY = "#E3E3E3"
TEXT_GREY = "#555555"
SERIES = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
# In addition to colour, so that lines can be distinguished in a black-and-white print.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
DIVERGING = "RdBu_r"


def new_figure(width: float, height: float) -> Figure:
    """Create a figure of `width` × `height` inches, independent of pyplot's global state."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def plain_axes(axes: Axes, *, grid: str = "both") -> Axes:
    """Style axes: no spines at the top and right, a light grid along `grid` ("x", "y" or "both") behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(TEXT_GREY)
    axes.tick_params(which="both", colors=TEXT_GREY, labelsize=9)
    axes.grid(visible=True, axis=grid, color=GRID_GREY, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    return axes


def note(axes: Axes, text: str, *, colour: str = TEXT_GREY) -> None:
    """Write a line of text between title and axes, left-aligned with the axes."""
    axes.annotate(
        text,
        xy=(0.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, 5),
        textcoords="offset points",
        color=colour,
        fontsize=9.5,
        va="bottom",
    )


def titled(axes: Axes, title: str, *, above_note: bool = False) -> None:
    """Set a bold title at the left; `above_note` leaves room for a `note` under it."""
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=22 if above_note else 8)


def shade(axes: Axes, spans: Sequence[tuple[float, float]], *, along: Literal["x", "y"], colour: str) -> None:
    """Shade spans across the axes, each at least 1/400 of the view so that thin ones remain visible.

    Args:
        axes: with its limits set.
        spans: start and end in data coordinates.
        along: the axis that the spans are measured on: "y" for depths, "x" for traces.
        colour: "#rrggbbaa", the last two digits giving the opacity.
    """
    limits = axes.get_ylim() if along == "y" else axes.get_xlim()
    least = abs(limits[1] - limits[0]) / 400
    boxes = []
    for start, stop in spans:
        half, middle = max(stop - start, least) / 2, (start + stop) / 2
        low, high = middle - half, middle + half
        box = [(0.0, low), (1.0, low), (1.0, high), (0.0, high)]
        boxes.append(box if along == "y" else [(y, x) for x, y in box])
    transform = axes.get_yaxis_transform() if along == "y" else axes.get_xaxis_transform()
    collection = PolyCollection(boxes, facecolors=colour, edgecolors="none", transform=transform, zorder=1.5)
    axes.add_collection(collection, autolim=False)


def series_colours(names: Sequence[str]) -> dict[str, str]:
    """Return one colour per name, in order; colours repeat after the sixth."""
    return {name: SERIES[number % len(SERIES)] for number, name in enumerate(names)}


def figure_png(figure: Figure, *, dpi: int = DPI) -> bytes:
    """Return the figure as PNG bytes (Agg, no display needed)."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
