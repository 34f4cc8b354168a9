"""Rows of a report's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, Recording, Scores
from aemodels.report.flagged_intervals import FlaggedInterval, FlaggedTrace
from aemodels.report.html.page import number
from aemodels.report.largest_residual import LargestResidual, residuals


@dataclass(frozen=True)
class CurveSummary:
    """A row of the table of curves: origin in the file, and shares (0 to 1) of samples observed and flagged."""

    name: str
    unit: str
    origin: str
    observed: float
    flagged: float


@dataclass(frozen=True)
class IntervalRow(FlaggedInterval):
    """A flagged interval with its largest residual and curve, as text, and the share of it in bad hole (0 to 1)."""

    residual: str
    hole_share: float


@dataclass(frozen=True)
class RangeRow:
    """Adjacent flagged traces with one reason.

    Args:
        first, last: traces of the file, from 0.
        inline, crossline: of both ends as text; "–" if the headers hold none.
        score: the highest one.
        reason: of all its traces.
    """

    first: int
    last: int
    inline: str
    crossline: str
    score: float
    reason: str


def interval_rows(
    recording: Recording, scores: Scores, intervals: Sequence[FlaggedInterval], hole: BoolArray | None
) -> list[IntervalRow]:
    """Return the rows of the table of flagged intervals.

    Args:
        recording: gives depths and units.
        scores: of kind "logs".
        intervals: those to list.
        hole: bool[sample], bad hole; None if the recording lacks the curves to determine it.
    """
    units = {channel.name: channel.unit for channel in recording.channels}
    of_curves = residuals(scores)
    rows = []
    for interval in intervals:
        inside = slice(*(int(row) for row in np.searchsorted(recording.axis, (interval.top, interval.base))))
        largest = of_curves.largest(inside)
        share = 0.0 if hole is None else _share(hole[inside])
        text = "–" if largest is None else _residual_text(largest, units.get(largest.curve, ""))
        rows.append(IntervalRow(**vars(interval), residual=text, hole_share=share))
    return rows


def range_rows(traces: Sequence[FlaggedTrace]) -> list[RangeRow]:
    """Return the ranges of adjacent flagged traces with one reason, in the order of the traces."""
    groups: list[list[FlaggedTrace]] = []
    for trace in traces:
        before = groups[-1][-1] if groups else None
        if before is not None and trace.trace == before.trace + 1 and trace.reason == before.reason:
            groups[-1].append(trace)
        else:
            groups.append([trace])
    return [
        RangeRow(
            first=group[0].trace,
            last=group[-1].trace,
            inline=_ends(group[0].inline, group[-1].inline),
            crossline=_ends(group[0].crossline, group[-1].crossline),
            score=max(trace.score for trace in group),
            reason=group[0].reason,
        )
        for group in groups
    ]


def _ends(first: int | None, last: int | None) -> str:
    """Return the header numbers of two traces as text.

    >>> _ends(7, 7), _ends(7, 9), _ends(None, 9)
    ('7', '7 to 9', '–')
    """
    if first is None or last is None:
        return "–"
    return str(first) if first == last else f"{first} to {last}"


def _residual_text(largest: LargestResidual, unit: str) -> str:
    """Format a residual, e.g. "RHOB +0.21 g/cm3 (8 σ)"."""
    unit = f"log10({unit})" if largest.log10 else unit
    return f"{largest.curve} {number(largest.value, '+.3g')} {unit} ({number(largest.sigmas, ',.0f')} σ)"


def curve_rows(recording: Recording, scores: Scores) -> list[CurveSummary]:
    """Return origin, observed share and flagged share of each scored curve."""
    channels = {channel.name: channel for channel in recording.channels}
    rows = []
    for name, raw, flag in zip(scores.channels, scores.raw, scores.channel_flag & scores.is_anomaly, strict=True):
        channel = channels.get(name)
        headers = channel.headers if channel else {}
        origin = " ".join(str(headers[key]) for key in ("mnemonic", "original_unit") if headers.get(key))
        rows.append(
            CurveSummary(
                name=name,
                unit=channel.unit if channel else "",
                origin=origin or ("not in the file" if channel is None else name),
                observed=_share(np.isfinite(raw)),
                flagged=_share(flag[np.isfinite(raw)]),
            )
        )
    return rows


def _share(flags: FloatArray | np.ndarray) -> float:
    return float(np.mean(flags)) if flags.size else 0.0
