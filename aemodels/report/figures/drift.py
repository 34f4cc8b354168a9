"""Figures of drift: the distance of every feature beside its limit, and the distributions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray
from aemodels.curves.canonical import CANONICAL
from aemodels.monitoring.drift import FeatureDrift, Verdict, Window
from aemodels.monitoring.reference import Feature, Reference
from aemodels.report.figures.style import NOISY_GREY, TEXT_GREY, new_figure, plain_axes
from aemodels.report.palette import BLACK, BLUE, ORANGE, SKY, VERMILION

COLOURS: dict[Verdict, str] = {
    "steady": SKY,
    "watch": ORANGE,
    "drift": VERMILION,
    "missing": VERMILION,
    "too few": NOISY_GREY,
}
NOTE = "Bar: new data. Tick: limit, from the spread between the training wells or runs of traces."
_COLUMNS = 4
_MAX_GROUPS = 60  # drawn as thin lines


def drift_bars(rows: Sequence[FeatureDrift], *, title: str = "New data against the training data") -> Figure:
    """Draw PSI, Kolmogorov-Smirnov distance and missing share of each feature.

    Args:
        rows: from `assess_drift`.
        title: heading of the figure.

    Returns:
        Three panels of bars coloured by verdict; a black tick marks the limit (for the missing share, that of the
        reference), the verdict is written at the right.

    Raises:
        DataError: if there are no rows.
    """
    if not rows:
        raise DataError("no feature was assessed; expected at least one row")
    figure = new_figure(11.0, 1.9 + 0.36 * len(rows))
    panels = figure.subplots(1, 3, sharey=True, width_ratios=(3, 3, 2))
    _bars(panels[0], rows, [row.psi for row in rows], [row.psi_limit for row in rows])
    panels[0].set_xlabel("population stability index")
    _bars(panels[1], rows, [row.ks for row in rows], [row.ks_limit for row in rows])
    panels[1].set_xlabel("KS distance (flag rate: Cohen's h)")
    _bars(panels[2], rows, [row.missing for row in rows], [row.missing_reference for row in rows])
    panels[2].set_xlabel("missing share (tick: reference)")
    panels[2].set_xlim(0.0, 1.0)
    panels[0].set_yticks(np.arange(len(rows)), [row.feature for row in rows])
    panels[0].tick_params(axis="y", labelsize=10, labelcolor=BLACK, length=0)
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    for position, row in enumerate(rows):
        panels[2].annotate(
            row.verdict, (1.0, position), (8, 0), textcoords="offset points", va="center", annotation_clip=False
        ).set_color(COLOURS[row.verdict] if row.alarm else TEXT_GREY)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(NOTE, x=0.01, ha="left", fontsize=9.5, color=TEXT_GREY)
    return figure


def drift_distributions(
    reference: Reference, window: Window, rows: Sequence[FeatureDrift], *, title: str = "Cumulative distributions"
) -> Figure:
    """Draw cumulative distributions of the new data, the reference, and each of its groups.

    Args:
        reference: of the bundle.
        window: the new data.
        rows: from `assess_drift`; those without a distribution are left out.
        title: heading of the figure.

    Raises:
        DataError: if none of the rows has a distribution.
    """
    drawn = [row for row in rows if row.feature in reference.features]
    if not drawn:
        raise DataError(f"none of {len(rows)} rows is a feature of the reference; expected at least one")
    lines = -(-len(drawn) // _COLUMNS)
    figure = new_figure(12.0, 0.9 + 2.5 * lines)
    panels = np.atleast_1d(figure.subplots(lines, _COLUMNS, squeeze=False)).ravel()
    for axes, row in zip(panels, drawn, strict=False):
        _distribution(axes, reference, window, row)
    for axes in panels[len(drawn) :]:
        axes.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    named = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(named.values()), list(named), loc="outside lower center", frameon=False, fontsize=9, ncols=3)
    return figure


def _bars(
    axes: Axes, rows: Sequence[FeatureDrift], values: Sequence[float | None], limits: Sequence[float | None]
) -> None:
    plain_axes(axes, grid="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    for position, (row, value, limit) in enumerate(zip(rows, values, limits, strict=True)):
        if value is not None:
            axes.barh(position, value, height=0.62, color=COLOURS[row.verdict])
        if limit is not None:
            axes.plot([limit, limit], [position - 0.38, position + 0.38], color=BLACK, linewidth=1.6)
    axes.set_xlim(left=0.0)


def _distribution(axes: Axes, reference: Reference, window: Window, row: FeatureDrift) -> None:
    feature = reference.features[row.feature]
    plain_axes(axes)
    members = np.flatnonzero(reference.members(row.feature))[:_MAX_GROUPS]
    for number, group in enumerate(members):
        label = f"each training {'well' if reference.kind == 'logs' else 'run of traces'}" if number == 0 else None
        _step(axes, feature, feature.counts[group], color=NOISY_GREY, linewidth=0.7, label=label)
    _step(axes, feature, reference.pooled(row.feature).counts, color=BLUE, linewidth=1.8, label="reference")
    now = window.features.get(row.feature)
    colour = VERMILION if row.alarm else BLACK
    if now is not None and now.values:
        _step(axes, feature, now.counts, color=colour, linewidth=2.0, linestyle="--", label="new data")
    axes.set_ylim(-0.02, 1.02)
    if row.feature in CANONICAL:
        axes.set_xscale("log" if CANONICAL[row.feature].log and feature.edges[0] > 0 else "linear")
        axes.set_xlabel(CANONICAL[row.feature].unit, fontsize=9, color=TEXT_GREY)
    axes.set_title(f"{row.feature}: {row.verdict}", loc="left", fontsize=10, color=colour)


def _step(axes: Axes, feature: Feature, counts: AxisArray, **style: object) -> None:
    if counts.sum() > 0:
        axes.plot(feature.edges, np.cumsum(counts)[:-1] / counts.sum(), **style)  # type: ignore[arg-type]
