"""Which curve is to blame, and for what: the residual of each curve beside the reason of each flagged interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from aemodels.core.types import AxisArray, FloatArray, Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.report.figures.log_tracks import track_axes
from aemodels.report.figures.style import BLAMED, FLAGGED, TEXT_GREY, new_figure, shade
from aemodels.report.flagged_intervals import FlaggedInterval, flagged_intervals
from aemodels.report.palette import BLACK, BLUE, VERMILION

USUAL = 99.0  # percentile of a curve's residuals, where it is not to blame, that fills half its track
LABELS_APART = 0.022  # of the height: closer labels would cover each other
CLOSER_M = 150.0


def attribution_tracks(recording: Recording, scores: Scores, *, span: tuple[float, float] | None = None) -> Figure:
    """Raw less denoised of every curve with depth down, what is flagged and blamed, and the reasons in a track.

    Resistivities are drawn by their decimal logarithm. Where labels would cover each other the intervals with the
    higher scores are named.

    Args:
        recording: the well that was scored.
        scores: of kind "logs".
        span: depths to show, m; None = the whole well.

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
        usual = _usual(recording.axis, values, [one for one in intervals if name in one.curves])
        _residual_track(axes, (recording.axis, values, usual), name, shown)
    _reason_track(columns[-1], shown, (top, base))
    handles = [Patch(facecolor=c) for c in (VERMILION, BLUE, FLAGGED, BLAMED)]
    labels = ["reads above what was expected", "below", "flagged", "this curve to blame"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.suptitle(recording.name, fontsize=12, fontweight="bold")
    return figure


def closer_look(recording: Recording, scores: Scores) -> tuple[float, float] | None:
    """The CLOSER_M metres with most flagged intervals; None where nothing is flagged or the well is no longer."""
    middles = np.array([(one.top + one.base) / 2 for one in flagged_intervals(recording.axis, scores)])
    if not middles.size or recording.axis[-1] - recording.axis[0] <= CLOSER_M:
        return None
    inside = [int(((middles >= start) & (middles <= start + CLOSER_M)).sum()) for start in middles]
    start = float(middles[int(np.argmax(inside))]) - CLOSER_M / 20
    return start, start + CLOSER_M


def residual(scores: Scores, name: str) -> FloatArray:
    """Raw less denoised of a curve, decades for resistivities: float32[sample], NaN where unobserved."""
    row = scores.channels.index(name)
    raw, denoised = scores.raw[row], scores.denoised[row]
    if name in CANONICAL and CANONICAL[name].log:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log10(raw) - np.log10(denoised)
        return np.where(np.isfinite(found), found, np.nan).astype(np.float32)
    return np.asarray(raw - denoised, dtype=np.float32)


def _usual(axis: AxisArray, values: FloatArray, blamed: Sequence[FlaggedInterval]) -> float:
    """The size that residuals have where the curve is not to blame: a unit mistake would hide everything else."""
    elsewhere = np.isfinite(values)
    for one in blamed:
        elsewhere &= (axis < one.top) | (axis > one.base)
    known = np.abs(values[elsewhere if elsewhere.any() else np.isfinite(values)])
    return max(float(np.percentile(known, USUAL)) if known.size else 0.0, 1e-6)


def _residual_track(
    axes: Axes, drawn: tuple[AxisArray, FloatArray, float], name: str, intervals: Sequence[FlaggedInterval]
) -> None:
    axis, values, usual = drawn
    held = np.clip(0.5 + values / (4 * usual), 0.0, 1.0)
    shade(axes, [(one.top, one.base) for one in intervals], along="y", colour=FLAGGED)
    shade(axes, [(one.top, one.base) for one in intervals if name in one.curves], along="y", colour=BLAMED)
    axes.fill_betweenx(axis, 0.5, held, where=held >= 0.5, color=VERMILION, linewidth=0, zorder=2)
    axes.fill_betweenx(axis, 0.5, held, where=held < 0.5, color=BLUE, linewidth=0, zorder=2)
    axes.axvline(0.5, color=BLACK, linewidth=0.6)
    unit = "decades" if name in CANONICAL and CANONICAL[name].log else CANONICAL[name].unit if name in CANONICAL else ""
    axes.set_title(f"{name}\n±{2 * usual:.2g} {unit}", fontsize=9, color=BLACK, pad=6)


def _reason_track(axes: Axes, intervals: Sequence[FlaggedInterval], limits: tuple[float, float]) -> None:
    shade(axes, [(one.top, one.base) for one in intervals], along="y", colour=BLAMED)
    least = LABELS_APART * abs(limits[1] - limits[0])
    placed: list[float] = []
    for one in sorted(intervals, key=lambda interval: -interval.max_score):
        middle = float(np.clip((one.top + one.base) / 2, limits[0] + least, limits[1] - least))
        if all(abs(middle - other) >= least for other in placed):
            placed.append(middle)
            axes.text(0.04, middle, one.reason, fontsize=8, va="center", color=BLACK)
    axes.set_title("reason", fontsize=9, color=TEXT_GREY, pad=6)
