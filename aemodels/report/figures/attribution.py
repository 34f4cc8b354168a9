"""Attribution figure: the residual of each curve beside the reason of each flagged interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from aemodels.core.types import AxisArray, FloatArray, Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.report.figures.log_tracks import track_axes
from aemodels.report.figures.style import AFFECTED, FLAGGED, TEXT_GREY, new_figure, shade
from aemodels.report.flagged_intervals import FlaggedInterval, flagged_intervals
from aemodels.report.palette import BLACK, BLUE, VERMILION

TYPICAL_PERCENTILE = 99.0  # of a curve's residuals outside its flagged intervals; fills half its track
MIN_LABEL_DISTANCE = 0.022  # share of the height at which labels do not overlap
CLOSER_M = 150.0


def attribution_tracks(recording: Recording, scores: Scores, *, span: tuple[float, float] | None = None) -> Figure:
    """Draw raw minus denoised of every curve, the flagged intervals and affected curves, and a track of reasons.

    Residuals of resistivities are those of log10. If labels would overlap, the intervals with the higher scores
    are labelled.

    Args:
        recording: the well that was scored.
        scores: of kind "logs".
        span: depth range to show, m; None = the whole well.

    Returns:
        A portrait figure of at most 13 × 11 inches.
    """
    intervals = flagged_intervals(recording.axis, scores)
    names = [name for row, name in enumerate(scores.channels) if np.isfinite(scores.raw[row]).any()]
    figure = new_figure(min(13.0, 4.2 + 1.5 * len(names)), 11.0)
    columns = track_axes(figure, len(names) + 1, recording.axis)
    top, base = span or (float(recording.axis[0]), float(recording.axis[-1]))
    columns[0].set_ylim(base, top)
    shown = [interval for interval in intervals if interval.base > top and interval.top < base]
    for axes, name in zip(columns, names, strict=False):
        values = residual(scores, name)
        typical = _typical(recording.axis, values, [one for one in intervals if name in one.curves])
        _residual_track(axes, (recording.axis, values, typical), name, shown)
    _reason_track(columns[-1], shown, (top, base))
    handles = [Patch(facecolor=c) for c in (VERMILION, BLUE, FLAGGED, AFFECTED)]
    labels = ["raw > denoised", "raw < denoised", "flagged interval", "flagged on this curve"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.suptitle(recording.name, fontsize=12, fontweight="bold")
    return figure


def closer_look(recording: Recording, scores: Scores) -> tuple[float, float] | None:
    """Return the CLOSER_M metres with most flagged intervals; None if nothing is flagged or the well is shorter."""
    middles = np.array([(one.top + one.base) / 2 for one in flagged_intervals(recording.axis, scores)])
    if not middles.size or recording.axis[-1] - recording.axis[0] <= CLOSER_M:
        return None
    inside = [int(((middles >= start) & (middles <= start + CLOSER_M)).sum()) for start in middles]
    start = float(middles[int(np.argmax(inside))]) - CLOSER_M / 20
    return start, start + CLOSER_M


def residual(scores: Scores, name: str) -> FloatArray:
    """Return raw minus denoised of a curve, in decades for resistivities: float32[sample], NaN where unobserved."""
    row = scores.channels.index(name)
    raw, denoised = scores.raw[row], scores.denoised[row]
    if name in CANONICAL and CANONICAL[name].log:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log10(raw) - np.log10(denoised)
        return np.where(np.isfinite(found), found, np.nan).astype(np.float32)
    return np.asarray(raw - denoised, dtype=np.float32)


def _typical(axis: AxisArray, values: FloatArray, affected: Sequence[FlaggedInterval]) -> float:
    """Return the typical size of residuals outside the affected intervals, so that a fault does not set the scale."""
    elsewhere = np.isfinite(values)
    for one in affected:
        elsewhere &= (axis < one.top) | (axis > one.base)
    known = np.abs(values[elsewhere if elsewhere.any() else np.isfinite(values)])
    return max(float(np.percentile(known, TYPICAL_PERCENTILE)) if known.size else 0.0, 1e-6)


def _residual_track(
    axes: Axes, drawn: tuple[AxisArray, FloatArray, float], name: str, intervals: Sequence[FlaggedInterval]
) -> None:
    axis, values, typical = drawn
    clipped = np.clip(0.5 + values / (4 * typical), 0.0, 1.0)
    shade(axes, [(one.top, one.base) for one in intervals], along="y", colour=FLAGGED)
    shade(axes, [(one.top, one.base) for one in intervals if name in one.curves], along="y", colour=AFFECTED)
    axes.fill_betweenx(axis, 0.5, clipped, where=clipped >= 0.5, color=VERMILION, linewidth=0, zorder=2)
    axes.fill_betweenx(axis, 0.5, clipped, where=clipped < 0.5, color=BLUE, linewidth=0, zorder=2)
    axes.axvline(0.5, color=BLACK, linewidth=0.6)
    unit = "decades" if name in CANONICAL and CANONICAL[name].log else CANONICAL[name].unit if name in CANONICAL else ""
    axes.set_title(f"{name}\n±{2 * typical:.2g} {unit}", fontsize=9, color=BLACK, pad=6)


def _reason_track(axes: Axes, intervals: Sequence[FlaggedInterval], limits: tuple[float, float]) -> None:
    shade(axes, [(one.top, one.base) for one in intervals], along="y", colour=AFFECTED)
    least = MIN_LABEL_DISTANCE * abs(limits[1] - limits[0])
    placed: list[float] = []
    for one in sorted(intervals, key=lambda interval: -interval.max_score):
        middle = float(np.clip((one.top + one.base) / 2, limits[0] + least, limits[1] - least))
        if all(abs(middle - other) >= least for other in placed):
            placed.append(middle)
            axes.text(0.04, middle, one.reason, fontsize=8, va="center", color=BLACK)
    axes.set_title("reason", fontsize=9, color=TEXT_GREY, pad=6)
