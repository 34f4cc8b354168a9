"""Figures of embeddings: maps by lithology or another value, windows decoded from the map, and images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray, FloatArray, IntArray
from aemodels.curves.lithology import UNKNOWN, lithology_name
from aemodels.report.figures.style import DIVERGING, SERIES, TEXT_GREY, new_figure, plain_axes

GRID = 7
TILES = 8
MAX_LINES = 8  # channels of a window drawn as lines; windows with more are drawn as images
MARKERS = "os^Dv"
UNKNOWN_GREY = "#C8C8C8"


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane in which embeddings are drawn: two directions through a centre.

    Args:
        centre: float64[dimension].
        directions: float64[dimension, 2], of unit length.
        shares: float64[2], share of the embeddings' variance along each.
        two_dimensional: True if the directions are the two dimensions of the embeddings themselves.
    """

    centre: NDArray[np.float64]
    directions: NDArray[np.float64]
    shares: NDArray[np.float64]
    two_dimensional: bool

    def project(self, embeddings: FloatArray) -> NDArray[np.float64]:
        """Return coordinates float64[window, 2] of embeddings float32[window, dimension]."""
        return (embeddings.astype(np.float64) - self.centre) @ self.directions

    def labels(self) -> tuple[str, str]:
        """Return the labels of the two axes."""
        names = ("dimension 1", "dimension 2") if self.two_dimensional else ("component 1", "component 2")
        return f"{names[0]} ({self.shares[0]:.0%} of the training variance)", f"{names[1]} ({self.shares[1]:.0%})"


def plane_of(embeddings: FloatArray) -> Plane:
    """Return the plane of two-dimensional embeddings, else that of their first two principal components.

    Args:
        embeddings: float32[window, dimension] of training data.

    Raises:
        DataError: if the embeddings have fewer than two dimensions.
    """
    size = embeddings.shape[1]
    if size < 2:
        raise DataError(f"the embeddings have {size} dimension; expected at least two for a map")
    flat = size == 2
    centre = np.zeros(2) if flat else embeddings.mean(axis=0, dtype=np.float64)
    centred = embeddings - embeddings.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred
    directions = np.eye(2) if flat else np.linalg.eigh(covariance)[1][:, ::-1][:, :2]
    along = np.einsum("ik,ij,jk->k", directions, covariance, directions)
    return Plane(centre, directions, along / max(float(np.trace(covariance)), 1e-30), flat)


def lithology_map(embeddings: FloatArray, lithology: IntArray, *, title: str) -> Figure:
    """Draw a map of embeddings, each lithology in its own colour and marker, unknown ones in grey behind the others.

    Args:
        embeddings: float32[window, dimension].
        lithology: int64[window], -1 = unknown.
        title: heading of the figure.
    """
    figure, axes, flat = _map(embeddings, title)
    kinds, counts = np.unique(lithology, return_counts=True)
    order = [int(kind) for kind in kinds[np.argsort(-counts)]]
    known = [kind for kind in order if kind != UNKNOWN]
    for order_drawn, kind in enumerate(([UNKNOWN] if UNKNOWN in order else []) + known):
        here = lithology == kind
        number = known.index(kind) if kind != UNKNOWN else 0
        colour = SERIES[number % len(SERIES)] if kind != UNKNOWN else UNKNOWN_GREY
        mark = MARKERS[(number // len(SERIES) + number) % len(MARKERS)] if kind != UNKNOWN else "."
        label = f"{lithology_name(kind)} ({int(here.sum())})"
        (dots,) = axes.plot(flat[here, 0], flat[here, 1], mark, color=colour, label=label, linestyle="none")
        dots.set(markersize=3.5, alpha=0.6, markeredgewidth=0.0, zorder=2 + 0.01 * order_drawn)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9, markerscale=1.8)
    return figure


def value_map(embeddings: FloatArray, values: FloatArray, *, label: str, title: str) -> Figure:
    """Draw a map of embeddings, coloured by a value of each window.

    Args:
        embeddings: float32[window, dimension].
        values: float32[window]; NaN is drawn grey.
        label: name of the values, with their unit.
        title: heading of the figure.
    """
    figure, axes, flat = _map(embeddings, title)
    seen = np.isfinite(values)
    axes.plot(flat[~seen, 0], flat[~seen, 1], ".", color=UNKNOWN_GREY, markersize=3)
    low, high = np.percentile(values[seen], [2, 98]) if seen.any() else (0.0, 1.0)
    dots = axes.scatter(flat[seen, 0], flat[seen, 1], c=values[seen], s=7, alpha=0.7, cmap="viridis", linewidths=0)
    dots.set_clim(low, high)
    figure.colorbar(dots, ax=axes, shrink=0.8).set_label(label, color=TEXT_GREY)
    return figure


def grid_points(embeddings: FloatArray) -> FloatArray:
    """Return embeddings on a 7 × 7 grid over the middle 96 % of the plane: float32[49, dimension], row by row."""
    plane = plane_of(embeddings)
    flat = plane.project(embeddings)
    (left, low), (right, high) = np.percentile(flat, [2, 98], axis=0)
    knots = np.stack(np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID)), axis=-1).reshape(-1, 2)
    return (plane.centre + knots @ plane.directions.T).astype(np.float32)


def decoded_grid(windows: FloatArray, plane: Plane, *, names: Sequence[str], title: str) -> Figure:
    """Draw windows decoded from a grid over the plane of the embeddings.

    Args:
        windows: float32[49, sample, feature], decoded from `grid_points`.
        plane: the plane of the same embeddings.
        names: of the features, for the legend of lines.
        title: heading of the figure.

    Returns:
        A 7 × 7 mosaic in the order of the map: up to eight curves as lines, panels as images.
    """
    figure = new_figure(8.0, 7.0)
    axes = plain_axes(figure.subplots())
    axes.grid(visible=False)
    if windows.shape[2] <= MAX_LINES:
        _tile_lines(axes, windows)
        lines = [Line2D([], [], color=SERIES[number % len(SERIES)]) for number in range(len(names))]
        figure.legend(lines, names, loc="outside lower center", ncols=MAX_LINES, frameon=False, fontsize=9)
    else:
        _tile_pictures(axes, windows)
    axes.set_xticks([])
    axes.set_yticks([])
    across, down = plane.labels()
    axes.set_xlabel(f"{across} →", color=TEXT_GREY)
    axes.set_ylabel(f"{down} →", color=TEXT_GREY)
    figure.suptitle(f"{title}: windows decoded from the plane of the embeddings", fontsize=12, fontweight="bold")
    return figure


def embedding_images(embeddings: FloatArray, axis: AxisArray, *, unit: str, title: str) -> Figure:
    """Draw the embeddings along a section as an image, and eight of them as small tiles.

    Args:
        embeddings: float32[window, dimension] along a section, evenly spaced.
        axis: float64[window], depth or time of each.
        unit: of the axis.
        title: heading of the figure.
    """
    figure = new_figure(11.0, 5.0)
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1.3))
    level = float(np.percentile(np.abs(embeddings - np.median(embeddings)), 98)) or 1.0
    middle = float(np.median(embeddings))
    scale = {"cmap": DIVERGING, "vmin": middle - level, "vmax": middle + level, "interpolation": "nearest"}
    extent = (float(axis[0]), float(axis[-1]), embeddings.shape[1] + 0.5, 0.5)
    shown = upper.imshow(embeddings.T, aspect="auto", extent=extent, **scale)
    upper.set_xlabel(unit, color=TEXT_GREY)
    upper.set_ylabel("dimension", color=TEXT_GREY)
    picked = np.linspace(0, len(embeddings) - 1, TILES).round().astype(int)
    lower.imshow(_embedding_tiles(embeddings[picked]), aspect="equal", **scale)
    lower.set_axis_off()
    where = ", ".join(f"{axis[index]:.4g}" for index in picked)
    lower.set_title(f"single embeddings, row by row, at {where} {unit}", fontsize=9, loc="left", color=TEXT_GREY)
    figure.colorbar(shown, ax=[upper, lower], shrink=0.7).set_label("embedding", color=TEXT_GREY)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure


def _map(embeddings: FloatArray, title: str) -> tuple[Figure, Axes, NDArray[np.float64]]:
    plane = plane_of(embeddings)
    figure = new_figure(8.0, 7.0)
    axes = plain_axes(figure.subplots())
    across, down = plane.labels()
    axes.set_xlabel(across, color=TEXT_GREY)
    axes.set_ylabel(down, color=TEXT_GREY)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure, axes, plane.project(embeddings)


def _tile_lines(axes: Axes, windows: FloatArray) -> None:
    low, high = np.percentile(windows, [1, 99])
    height = 0.8 * np.clip((windows - low) / max(float(high - low), 1e-9), 0, 1)
    across = 0.85 * np.linspace(0, 1, windows.shape[1])
    for feature in range(windows.shape[2]):
        lines = [
            np.stack([tile % GRID + across, tile // GRID + height[tile, :, feature]], axis=1)
            for tile in range(len(windows))
        ]
        axes.add_collection(LineCollection(lines, colors=SERIES[feature % len(SERIES)], linewidths=1.1))
    axes.set_xlim(-0.1, GRID)
    axes.set_ylim(-0.1, GRID)


def _tile_pictures(axes: Axes, windows: FloatArray) -> None:
    framed = np.pad(windows, ((0, 0), (0, 2), (0, 2)), constant_values=np.nan)
    rows = [np.concatenate(list(framed[row * GRID : (row + 1) * GRID]), axis=1) for row in reversed(range(GRID))]
    level = float(np.percentile(np.abs(windows), 99)) or 1.0
    axes.imshow(np.concatenate(rows), cmap=DIVERGING, vmin=-level, vmax=level, aspect="auto")


def _embedding_tiles(embeddings: FloatArray) -> FloatArray:
    """Arrange embeddings [tile, dimension] as near-square tiles side by side, with a gap between them."""
    columns = int(np.ceil(np.sqrt(embeddings.shape[1])))
    rows = -(-embeddings.shape[1] // columns)
    filled = np.pad(embeddings, ((0, 0), (0, rows * columns - embeddings.shape[1])), constant_values=np.nan)
    tiles = np.pad(filled.reshape(-1, rows, columns), ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)
    return np.concatenate(list(tiles), axis=1)[:, :-1]
