"""Flagged rows merged into depth intervals of a well, and flagged traces of a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import AxisArray, BoolArray, Channel, Recording, Scores
from aemodels.signal.runs import runs

MERGE_GAP = 1.0  # m


@dataclass(frozen=True)
class FlaggedInterval:
    """A depth interval of a well whose rows are anomalous.

    Args:
        top: upper end, m; half a sample above the first flagged sample.
        base: lower end, m; half a sample below the last flagged sample.
        curves: the affected curves, highest score first.
        reason: the reasons of its rows, most frequent first.
        max_score: the highest score in it.
    """

    top: float
    base: float
    curves: tuple[str, ...]
    reason: str
    max_score: float

    @property
    def thickness(self) -> float:
        """Thickness in m."""
        return self.base - self.top


@dataclass(frozen=True)
class FlaggedTrace:
    """An anomalous trace of a line: its index from 0, its header numbers (None if absent), score and reason."""

    trace: int
    inline: int | None
    crossline: int | None
    score: float
    reason: str


@dataclass(frozen=True)
class FlagSummary:
    """Summary of a scored file for a reviewer.

    Args:
        count: flagged intervals of a well, or flagged traces of a line.
        worst: the curve with the most flagged samples, or the trace with the highest score; "" if nothing is flagged.
        reason: the most frequent reasons; "" if nothing is flagged.
    """

    count: int = 0
    worst: str = ""
    reason: str = ""


def summarise_flags(recording: Recording, scores: Scores) -> FlagSummary:
    """Summarise what is flagged in a scored recording."""
    if not scores.is_anomaly.any():
        return FlagSummary()
    reason = common_reasons(scores.reason)
    if scores.kind == "seismic":
        worst = int(np.nanargmax(np.where(scores.is_anomaly, scores.score, np.nan)))
        return FlagSummary(int(scores.is_anomaly.sum()), f"trace {worst}", reason)
    intervals = merged_runs(scores.is_anomaly, recording.axis, gap=MERGE_GAP)
    curve = scores.channels[int(scores.channel_flag.sum(axis=1).argmax())]
    return FlagSummary(len(intervals), curve if scores.channel_flag.any() else "", reason)


def merged_runs(flag: BoolArray, axis: AxisArray, *, gap: float) -> list[tuple[int, int]]:
    """Return the runs of True, merged if the gap between two of them is smaller than `gap`.

    Args:
        flag: bool[sample].
        axis: float64[sample], strictly increasing.
        gap: in the unit of the axis.

    Returns:
        Start and exclusive end of each merged run, in order.
    """
    half = sample_step(axis) / 2
    joined: list[tuple[int, int]] = []
    for start, stop in runs(flag):
        if joined and (axis[start] - half) - (axis[joined[-1][1] - 1] + half) < gap:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def sample_step(axis: AxisArray) -> float:
    """Return the median distance between samples, in the unit of the axis; 0 for a single sample."""
    return float(np.median(np.diff(axis))) if axis.size > 1 else 0.0


def flagged_intervals(axis: AxisArray, scores: Scores, *, gap: float = MERGE_GAP) -> list[FlaggedInterval]:
    """Return the flagged intervals of a well, top to bottom.

    Args:
        axis: float64[sample], depth in m.
        scores: of kind "logs", one row per sample of `axis`.
        gap: intervals closer than this, m, are merged.

    Returns:
        One interval per merged run. The affected curves are those above the threshold anywhere in it; if no single
        curve is, the one with the highest score.
    """
    half = sample_step(axis) / 2
    found = []
    for start, stop in merged_runs(scores.is_anomaly, axis, gap=gap):
        found.append(
            FlaggedInterval(
                top=float(axis[start]) - half,
                base=float(axis[stop - 1]) + half,
                curves=_affected_curves(scores, start, stop),
                reason=common_reasons(scores.reason[start:stop]),
                max_score=float(np.nanmax(scores.score[start:stop])),
            )
        )
    return found


def suspect_intervals(axis: AxisArray, scores: Scores, *, gap: float = MERGE_GAP) -> list[FlaggedInterval]:
    """Return the intervals above the softer threshold in which nothing is flagged, highest score first.

    Args:
        axis: float64[sample], depth in m.
        scores: of kind "logs".
        gap: intervals closer than this, m, are merged.
    """
    half = sample_step(axis) / 2
    found = []
    for start, stop in merged_runs(scores.is_suspect, axis, gap=gap):
        if not scores.is_anomaly[start:stop].any():
            score = float(np.nanmax(scores.score[start:stop]))
            curves = _affected_curves(scores, start, stop)
            found.append(FlaggedInterval(float(axis[start]) - half, float(axis[stop - 1]) + half, curves, "", score))
    return sorted(found, key=lambda interval: -interval.max_score)


def _affected_curves(scores: Scores, start: int, stop: int) -> tuple[str, ...]:
    rows = np.nan_to_num(scores.channel_score[:, start:stop], nan=-np.inf)
    worst = rows.max(axis=1) if rows.size else np.empty(0)
    order = [int(index) for index in np.argsort(-worst, kind="stable") if np.isfinite(worst[index])]
    above = [index for index in order if worst[index] > scores.threshold]
    return tuple(scores.channels[index] for index in above or order[:1])


def common_reasons(reasons: Iterable[str], *, limit: int = 3) -> str:
    """Join the distinct reasons, most frequent first, at most `limit` of them.

    >>> common_reasons(["stuck", "", "range", "stuck"])
    'stuck; range'
    """
    return "; ".join(reason for reason, _ in Counter(reason for reason in reasons if reason).most_common(limit))


def flagged_traces(recording: Recording, scores: Scores) -> list[FlaggedTrace]:
    """Return the flagged traces of a line in file order, with inline and crossline of their headers."""
    return [
        FlaggedTrace(
            trace=int(recording.channels[row].headers.get("trace", row)),
            inline=_whole(recording.channels[row], "inline"),
            crossline=_whole(recording.channels[row], "crossline"),
            score=float(scores.score[row]),
            reason=scores.reason[row],
        )
        for row in np.flatnonzero(scores.is_anomaly)
    ]


def _whole(channel: Channel, key: str) -> int | None:
    value = channel.headers.get(key)
    return None if value is None else int(value)
