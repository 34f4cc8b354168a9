"""Embeddings as pictures: their map coloured by rock, what the decoder makes of the map, and the codes themselves."""

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
MAX_LINES = 8  # channels of a window that lines can show; beyond, a picture
MARKERS = "os^Dv"
UNKNOWN_GREY = "#C8C8C8"


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane that codes are drawn in: two of their directions through a centre.

    Args:
        centre: float64[dimension].
        directions: float64[dimension, 2], of unit length.
        shares: float64[2], share of the codes' variance along each.
        own: whether they are the code's own two dimensions.
    """

    centre: NDArray[np.float64]
    directions: NDArray[np.float64]
    shares: NDArray[np.float64]
    own: bool

    def flat(self, codes: FloatArray) -> NDArray[np.float64]:
        """Coordinates float64[window, 2] of codes float32[window, dimension]."""
        return (codes.astype(np.float64) - self.centre) @ self.directions

    def labels(self) -> tuple[str, str]:
        """What stands at the axes."""
        names = ("dimension 1", "dimension 2") if self.own else ("first direction", "second direction")
        return f"{names[0]} ({self.shares[0]:.0%} of the training variance)", f"{names[1]} ({self.shares[1]:.0%})"


def plane_of(codes: FloatArray) -> Plane:
    """The two dimensions of a code that has no more, else the two directions in which codes vary most.

    Args:
        codes: float32[window, dimension] of training data.

    Raises:
        DataError: if the code has fewer than two dimensions.
    """
    size = codes.shape[1]
    if size < 2:
        raise DataError(f"the code has {size} dimension; expected at least two for a map")
    own = size == 2
    centre = np.zeros(2) if own else codes.mean(axis=0, dtype=np.float64)
    centred = codes - codes.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred
    directions = np.eye(2) if own else np.linalg.eigh(covariance)[1][:, ::-1][:, :2]
    along = np.einsum("ik,ij,jk->k", directions, covariance, directions)
    return Plane(centre, directions, along / max(float(np.trace(covariance)), 1e-30), own)


def lithology_map(codes: FloatArray, lithology: IntArray, *, title: str) -> Figure:
    """Embeddings in their plane, each lithology in a colour and marker of its own; unknown ones grey and behind.

    Args:
        codes: float32[window, dimension].
        lithology: int64[window], -1 = unknown.
        title: heading of the figure.
    """
    figure, axes, flat = _map(codes, title)
    kinds, counts = np.unique(lithology, return_counts=True)
    order = [int(kind) for kind in kinds[np.argsort(-counts)]]
    known = [kind for kind in order if kind != UNKNOWN]
    for place, kind in enumerate(([UNKNOWN] if UNKNOWN in order else []) + known):
        here = lithology == kind
        number = known.index(kind) if kind != UNKNOWN else 0
        colour = SERIES[number % len(SERIES)] if kind != UNKNOWN else UNKNOWN_GREY
        mark = MARKERS[(number // len(SERIES) + number) % len(MARKERS)] if kind != UNKNOWN else "."
        label = f"{lithology_name(kind)} ({int(here.sum())})"
        (dots,) = axes.plot(flat[here, 0], flat[here, 1], mark, color=colour, label=label, linestyle="none")
        dots.set(markersize=3.5, alpha=0.6, markeredgewidth=0.0, zorder=2 + 0.01 * place)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9, markerscale=1.8)
    return figure


def value_map(codes: FloatArray, values: FloatArray, *, label: str, title: str) -> Figure:
    """Embeddings in their plane, coloured by a value of each window.

    Args:
        codes: float32[window, dimension].
        values: float32[window]; NaN is drawn grey.
        label: what the values are, with their unit.
        title: heading of the figure.
    """
    figure, axes, flat = _map(codes, title)
    seen = np.isfinite(values)
    axes.plot(flat[~seen, 0], flat[~seen, 1], ".", color=UNKNOWN_GREY, markersize=3)
    low, high = np.percentile(values[seen], [2, 98]) if seen.any() else (0.0, 1.0)
    dots = axes.scatter(flat[seen, 0], flat[seen, 1], c=values[seen], s=7, alpha=0.7, cmap="viridis", linewidths=0)
    dots.set_clim(low, high)
    figure.colorbar(dots, ax=axes, shrink=0.8).set_label(label, color=TEXT_GREY)
    return figure


def grid_points(codes: FloatArray) -> FloatArray:
    """Embeddings at the knots of a 7 × 7 grid over the middle 96 % of the plane: float32[49, dimension], row by row."""
    plane = plane_of(codes)
    flat = plane.flat(codes)
    (left, low), (right, high) = np.percentile(flat, [2, 98], axis=0)
    knots = np.stack(np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID)), axis=-1).reshape(-1, 2)
    return (plane.centre + knots @ plane.directions.T).astype(np.float32)


def decoded_grid(windows: FloatArray, plane: Plane, *, names: Sequence[str], title: str) -> Figure:
    """What the decoder makes of a grid over the plane of the code.

    Args:
        windows: float32[49, sample, feature], decoded from `grid_points`.
        plane: the plane of the same codes.
        names: of the features, for lines of more than one.
        title: heading of the figure.

    Returns:
        A 7 × 7 mosaic in the order of the map: up to eight curves as lines, panels as pictures.
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
    figure.suptitle(f"{title}: windows decoded from the plane of the code", fontsize=12, fontweight="bold")
    return figure


def embedding_images(codes: FloatArray, axis: AxisArray, *, unit: str, title: str) -> Figure:
    """The code as a picture along a section, and eight codes as small pictures of their own.

    Args:
        codes: float32[place, dimension] along a section, places evenly spaced.
        axis: float64[place], depth or time of each.
        unit: of the axis.
        title: heading of the figure.
    """
    figure = new_figure(11.0, 5.0)
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1.3))
    level = float(np.percentile(np.abs(codes - np.median(codes)), 98)) or 1.0
    middle = float(np.median(codes))
    scale = {"cmap": DIVERGING, "vmin": middle - level, "vmax": middle + level, "interpolation": "nearest"}
    extent = (float(axis[0]), float(axis[-1]), codes.shape[1] + 0.5, 0.5)
    shown = upper.imshow(codes.T, aspect="auto", extent=extent, **scale)
    upper.set_xlabel(unit, color=TEXT_GREY)
    upper.set_ylabel("dimension", color=TEXT_GREY)
    picked = np.linspace(0, len(codes) - 1, TILES).round().astype(int)
    lower.imshow(_code_tiles(codes[picked]), aspect="equal", **scale)
    lower.set_axis_off()
    where = ", ".join(f"{axis[place]:.4g}" for place in picked)
    lower.set_title(f"single codes, row by row, at {where} {unit}", fontsize=9, loc="left", color=TEXT_GREY)
    figure.colorbar(shown, ax=[upper, lower], shrink=0.7).set_label("code", color=TEXT_GREY)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure


def _map(codes: FloatArray, title: str) -> tuple[Figure, Axes, NDArray[np.float64]]:
    plane = plane_of(codes)
    figure = new_figure(8.0, 7.0)
    axes = plain_axes(figure.subplots())
    across, down = plane.labels()
    axes.set_xlabel(across, color=TEXT_GREY)
    axes.set_ylabel(down, color=TEXT_GREY)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure, axes, plane.flat(codes)


def _tile_lines(axes: Axes, windows: FloatArray) -> None:
    low, high = np.percentile(windows, [1, 99])
    height = 0.8 * np.clip((windows - low) / max(float(high - low), 1e-9), 0, 1)
    across = 0.85 * np.linspace(0, 1, windows.shape[1])
    for feature in range(windows.shape[2]):
        lines = [
            np.stack([place % GRID + across, place // GRID + height[place, :, feature]], axis=1)
            for place in range(len(windows))
        ]
        axes.add_collection(LineCollection(lines, colors=SERIES[feature % len(SERIES)], linewidths=1.1))
    axes.set_xlim(-0.1, GRID)
    axes.set_ylim(-0.1, GRID)


def _tile_pictures(axes: Axes, windows: FloatArray) -> None:
    framed = np.pad(windows, ((0, 0), (0, 2), (0, 2)), constant_values=np.nan)
    rows = [np.concatenate(list(framed[row * GRID : (row + 1) * GRID]), axis=1) for row in reversed(range(GRID))]
    level = float(np.percentile(np.abs(windows), 99)) or 1.0
    axes.imshow(np.concatenate(rows), cmap=DIVERGING, vmin=-level, vmax=level, aspect="auto")


def _code_tiles(codes: FloatArray) -> FloatArray:
    """Embeddings [tile, dimension] as near-squares side by side, a gap between them."""
    columns = int(np.ceil(np.sqrt(codes.shape[1])))
    rows = -(-codes.shape[1] // columns)
    filled = np.pad(codes, ((0, 0), (0, rows * columns - codes.shape[1])), constant_values=np.nan)
    tiles = np.pad(filled.reshape(-1, rows, columns), ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)
    return np.concatenate(list(tiles), axis=1)[:, :-1]
