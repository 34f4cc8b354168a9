"""Figures of embeddings, training beside held-out data: histogram of each dimension, and map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aemodels.core.errors import DataError
from aemodels.core.types import FloatArray
from aemodels.report.figures.latent_maps import plane_of
from aemodels.report.figures.style import TEXT_GREY, new_figure, plain_axes, series_colours
from aemodels.report.palette import BLUE, VERMILION

MARKERS = "o^sDvP"
BINS = 40
COLUMNS = 4
_PAIR: tuple[tuple[str, Literal["-", "--"]], ...] = ((BLUE, "-"), (VERMILION, "--"))


def latent_histograms(training: FloatArray, held_out: FloatArray, *, title: str) -> Figure:
    """Draw one histogram per dimension of the embeddings, training beside held-out data.

    Args:
        training: float32[window, dimension].
        held_out: the same of data that the model was not trained on.
        title: heading of the figure.

    Returns:
        Small multiples; a dimension that never varies is labelled unused.

    Raises:
        DataError: if the two differ in dimensions, or one is empty.
    """
    if training.shape[1:] != held_out.shape[1:] or not len(training) or not len(held_out):
        raise DataError(
            f"embeddings are {training.shape} and {held_out.shape}; expected windows of the same dimensions"
        )
    rows = -(-training.shape[1] // COLUMNS)
    figure = new_figure(11.0, 1.2 + 1.9 * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for index, axes in enumerate(grid):
        if index >= training.shape[1]:
            axes.set_visible(False)
            continue
        both = np.concatenate([training[:, index], held_out[:, index]])
        edges = np.linspace(float(both.min()), float(both.max()) or 1e-6, BINS + 1)
        unused = float(np.ptp(both)) < 1e-6
        plain_axes(axes, grid="y").set_title(
            f"dimension {index + 1}{' (unused)' if unused else ''}", fontsize=9.5, loc="left"
        )
        axes.tick_params(labelsize=7.5)
        axes.locator_params(nbins=4)
        if not unused:
            for values, (colour, dash) in zip((training, held_out), _PAIR, strict=True):
                heights, _ = np.histogram(values[:, index], edges, density=True)
                axes.stairs(heights, edges, color=colour, linestyle=dash, linewidth=1.5)
    figure.suptitle(f"{title}: density of each embedding dimension", fontsize=12, fontweight="bold")
    handles = [Line2D([], [], color=colour, linestyle=dash) for colour, dash in _PAIR]
    figure.legend(handles, ["training", "held out"], loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def latent_map(training: FloatArray, held_out: Mapping[str, FloatArray], *, title: str) -> Figure:
    """Draw a map of embeddings (see `plane_of`), training beside held-out data.

    Args:
        training: float32[window, dimension]; drawn in grey.
        held_out: section name → embeddings; each in its own colour and marker.
        title: heading of the figure.

    Returns:
        A scatter plot; the axis labels state the share of the training embeddings' variance.

    Raises:
        DataError: if the embeddings have fewer than two dimensions.
    """
    plane = plane_of(training)
    figure = new_figure(8.0, 7.0)
    axes = plain_axes(figure.subplots())
    flat = plane.project(training)
    axes.plot(flat[:, 0], flat[:, 1], ".", color="#9A9A9A", markersize=3, alpha=0.5, label="training", linestyle="none")
    colours = series_colours(list(held_out))
    for index, (name, embeddings) in enumerate(held_out.items()):
        flat = plane.project(embeddings)
        mark = MARKERS[index % len(MARKERS)]
        axes.plot(flat[:, 0], flat[:, 1], mark, color=colours[name], markersize=4, alpha=0.55, label=name)
    across, down = plane.labels()
    axes.set_xlabel(across, color=TEXT_GREY)
    axes.set_ylabel(down, color=TEXT_GREY)
    figure.suptitle(f"{title}: embeddings of windows", fontsize=12, fontweight="bold")
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9, markerscale=1.6)
    return figure
