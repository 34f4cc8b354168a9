"""Seismic sections in variable density: time down, traces across, one symmetric colour scale."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from aemodels.core.types import AxisArray, FloatArray
from aemodels.report.figures.style import DIVERGING, TEXT_GREY

MAX_TRACES = 2000


def section_axes(figure: Figure, count: int) -> list[Axes]:
    """Create `count` section axes side by side that share their time axis."""
    columns = list(figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0])
    for axes in columns:
        axes.set_xlabel("trace of the section (from 0)", color=TEXT_GREY)
        axes.tick_params(colors=TEXT_GREY, labelsize=9)
    columns[0].set_ylabel("two-way time (s)", color=TEXT_GREY)
    return columns


def draw_section(axes: Axes, values: FloatArray, axis: AxisArray, *, clip: float) -> AxesImage:
    """Draw a section into `axes`; of a very long line every n-th trace, at its true position.

    Args:
        axes: where to draw.
        values: float32[trace, sample].
        axis: float64[sample], s.
        clip: amplitude at which the colours saturate; use the same for panels to be compared.

    Returns:
        The image, for a colour bar.
    """
    step = -(-len(values) // MAX_TRACES)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    half = (axis[1] - axis[0]) / 2 if axis.size > 1 else 0.5
    return axes.imshow(
        values[::step].T,
        cmap=DIVERGING,
        vmin=-clip,
        vmax=clip,
        aspect="auto",
        interpolation="bilinear" if values[::step].shape[0] > 60 else "nearest",
        extent=(-0.5, len(values) - 0.5, float(axis[-1] + half), float(axis[0] - half)),
    )
