"""Figures that compare contenders: denoisers by gain, detectors by PR-AUC, thresholds by false-alarm rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aemodels.core.errors import DataError
from aemodels.report.figures.style import NOISY_GREY, TEXT_GREY, new_figure, note, plain_axes, series_colours, titled
from aemodels.report.palette import BLACK, BLUE, SKY, VERMILION

if TYPE_CHECKING:
    import pandas as pd

RATE_FLOOR = 1e-4


def comparison_bars(summary: pd.DataFrame, *, title: str = "Denoising gain on held-out data") -> Figure:
    """Draw the median gain of each contender under each noise condition, best at the top.

    Args:
        summary: columns contender, condition, median_db, q25_db, q75_db, min_db (`summarise_denoising`).
        title: heading of the figure.

    Returns:
        Grouped bars; whiskers span the interquartile range of the sections, a tick marks the worst section.
        Contenders are sorted by their median gain averaged over conditions.

    Raises:
        DataError: if the summary has no row.
    """
    if summary.empty:
        raise DataError("the comparison has no row; expected one per contender and condition")
    conditions = [str(name) for name in dict.fromkeys(summary["condition"])]
    order = summary.groupby("contender")["median_db"].mean().sort_values(ascending=False, kind="stable")
    contenders = [str(name) for name in order.index]
    colours = series_colours(conditions)
    height = 0.8 / len(conditions)
    figure = new_figure(9.0, 1.7 + 0.34 * len(contenders) * max(len(conditions), 2))
    axes = plain_axes(figure.subplots(), grid="x")
    for number, condition in enumerate(conditions):
        rows = summary[summary["condition"] == condition].set_index("contender").reindex(contenders)
        positions = np.arange(len(contenders)) + (number - (len(conditions) - 1) / 2) * height
        axes.barh(positions, rows["median_db"], height=height * 0.9, color=colours[condition], label=condition)
        for position, row in zip(positions, rows.itertuples(index=False), strict=True):
            _whisker(axes, float(position), row, height)
    _contender_axis(axes, contenders)
    axes.axvline(0.0, color=BLACK, linewidth=1.0)
    axes.set_xlabel("SNR gain (dB; negative: denoising adds error)")
    titled(axes, title, above_note=True)
    note(axes, "Bar: median of the sections. Whisker: interquartile range. Tick: worst section.")
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, title="added noise", ncols=len(conditions))
    return figure


def _whisker(axes: Axes, position: float, row: object, height: float) -> None:
    low, high, worst, median = (float(getattr(row, key)) for key in ("q25_db", "q75_db", "min_db", "median_db"))
    if not np.isfinite(median):
        return
    axes.plot([low, high], [position, position], color=BLACK, linewidth=1.3)
    axes.plot([worst, worst], [position - height * 0.3, position + height * 0.3], color=BLACK, linewidth=1.3)
    axes.annotate(
        f"{median:.1f}",
        (max(high, median, 0.0), position),
        (5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
    )


def _contender_axis(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(np.arange(len(names)), names)
    axes.tick_params(axis="y", labelsize=10, labelcolor=BLACK, length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.09)


def detector_bars(table: pd.DataFrame, *, title: str = "Detectors on injected faults, held-out sections") -> Figure:
    """Draw the PR-AUC of each detector: the median over wells or sections as a bar, each of them as a point.

    Args:
        table: columns detector, section, pr_auc (`DetectorStudy.table`); if it has a column "role", only its
            "test" rows are drawn.
        title: heading of the figure.

    Returns:
        Horizontal bars, best median at the top.

    Raises:
        DataError: if no row is left to draw.
    """
    rows = table[table["role"] == "test"] if "role" in table.columns else table
    rows = rows[rows["pr_auc"].notna()]
    if rows.empty:
        raise DataError(f"{len(table)} rows, none with a PR-AUC on test sections; expected injected faults in them")
    medians = rows.groupby("detector")["pr_auc"].median().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in medians.index]
    figure = new_figure(9.0, 1.6 + 0.5 * len(names))
    axes = plain_axes(figure.subplots(), grid="x")
    axes.barh(np.arange(len(names)), medians, height=0.6, color=SKY)
    for position, name in enumerate(names):
        values = rows.loc[rows["detector"] == name, "pr_auc"].to_numpy(copy=True)
        axes.plot(values, np.full(values.size, position), "o", color=BLUE, alpha=0.75, markersize=5)
        reach = max(float(values.max()), float(medians[name]))
        axes.annotate(
            f"{medians[name]:.2f}", (reach, position), (8, 0), textcoords="offset points", va="center", fontsize=9
        )
    _contender_axis(axes, names)
    axes.set_xlim(0.0, 1.05)
    axes.set_xlabel("area under the precision-recall curve (1 = perfect)")
    titled(axes, title, above_note=True)
    note(axes, f"Bar: median. Points: each of {rows['section'].nunique()} sections.")
    return figure


def threshold_reliability(
    thresholds: pd.DataFrame,
    by_well: pd.DataFrame | None = None,
    *,
    title: str = "False-alarm rate of each threshold: nominal and measured",
) -> Figure:
    """Draw false-alarm rates on clean held-out data beside the threshold's nominal rate.

    Args:
        thresholds: columns detector, threshold_kind, value, nominal, pooled, worst; rates are shares of rows.
        by_well: from `false_alarms_by_well`; every well is drawn as a small ring.
        title: heading of the figure.

    Returns:
        One line per detector and threshold kind on a log axis: the nominal rate as a grey bar, the pooled rate as a
        dot, the worst section as a diamond, every section as a ring; a rate of 0 is drawn hollow at the left edge.

    Raises:
        DataError: if there is no row.
    """
    if thresholds.empty:
        raise DataError("no threshold was fitted; expected one row per detector and threshold kind")
    rows = thresholds.sort_values(["detector", "threshold_kind"], kind="stable").reset_index(drop=True)
    names = [f"{row.detector} · {row.threshold_kind}" for row in rows.itertuples()]
    figure = new_figure(9.0, 1.8 + 0.36 * len(names))
    axes = plain_axes(figure.subplots(), grid="x")
    positions = np.arange(len(names))
    pooled, worst, nominal = (rows[key].to_numpy(copy=True, dtype=np.float64) for key in ("pooled", "worst", "nominal"))
    axes.hlines(positions, np.maximum(pooled, RATE_FLOOR), np.maximum(worst, RATE_FLOOR), color=NOISY_GREY, linewidth=2)
    axes.plot(nominal, positions, "|", color=TEXT_GREY, markersize=17, markeredgewidth=3, label="nominal rate")
    if by_well is not None and not by_well.empty:
        _rings(axes, by_well, names)
    _rates(axes, pooled, "o", BLUE, "all held-out rows")
    _rates(axes, worst, "D", VERMILION, "worst section")
    _contender_axis(axes, names)
    _rate_axis(axes, max(float(np.nanmax(np.concatenate([pooled, worst, nominal]))), 10 * RATE_FLOOR))
    titled(axes, title)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=4)
    return figure


def _rings(axes: Axes, by_well: pd.DataFrame, names: Sequence[str]) -> None:
    labels = by_well["detector"] + " · " + by_well["threshold_kind"]
    positions = [names.index(label) for label in labels]
    rates = np.maximum(by_well["measured"].to_numpy(dtype=np.float64), RATE_FLOOR)
    rings = axes.plot(rates, positions, "o", color=TEXT_GREY, markersize=4.5, label="each section", clip_on=False)[0]
    rings.set(fillstyle="none", linestyle="none", markeredgewidth=0.9)


def _rates(axes: Axes, rates: np.ndarray, marker: str, colour: str, label: str) -> None:
    positions = np.arange(rates.size)
    some = rates >= RATE_FLOOR
    drawn = axes.plot(rates[some], positions[some], marker, color=colour, markersize=7, label=label, linestyle="none")[
        0
    ]
    if marker == "D":  # an outline, so that the pooled rate stays visible if both are the same
        drawn.set(fillstyle="none", markersize=11, markeredgewidth=1.6)
    if not some.all():  # an empty unclipped artist would disturb the constrained layout
        floor = np.full((~some).sum(), RATE_FLOOR)
        hollow = axes.plot(floor, positions[~some], marker, color=colour, markersize=7, clip_on=False)[0]
        hollow.set(fillstyle="none", linestyle="none")


def _rate_axis(axes: Axes, highest: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(RATE_FLOOR * 0.8, min(1.3, highest * 2))
    ticks = [
        rate for rate in (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0) if rate <= min(1.3, highest * 2)
    ]
    axes.set_xticks(ticks, ["≤ 0.01 %"] + [f"{100 * rate:g} %" for rate in ticks[1:]])
    axes.minorticks_off()
    axes.set_xlabel("false-alarm rate: share of clean rows flagged (log scale)")
