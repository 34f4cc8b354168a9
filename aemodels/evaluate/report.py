"""One scored file as one HTML page that works without a network and prints well."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from jinja2 import Environment, StrictUndefined, Template

from aemodels.evaluate.figures_scores import score_tracks
from aemodels.evaluate.figures_style import figure_png
from aemodels.evaluate.intervals import (
    MERGE_GAP,
    FlaggedInterval,
    FlaggedTrace,
    flagged_intervals,
    flagged_traces,
    sample_step,
)
from aemodels.types import Finding, FloatArray, Recording, Scores

MOST_ROWS = 200


@dataclass(frozen=True)
class CurveSummary:
    """A row of the page's table of curves: where it came from and how much of it there is, shares from 0 to 1."""

    name: str
    unit: str
    origin: str
    observed: float
    flagged: float


def render_report(recording: Recording, scores: Scores, *, bundle_label: str, findings: Sequence[Finding]) -> str:
    """The page that goes with a scored file: a sentence, a picture, what was flagged, what the reader noticed.

    Args:
        recording: what was scored.
        scores: what the bundle gave for it, one row a sample (logs) or trace (seismic) of `recording`.
        bundle_label: model and version, e.g. "sondeflow-logs v3".
        findings: what the reader and the quality control noticed.

    Returns:
        HTML5 with inlined style and picture and a policy that forbids every request; all text that came from the
        file is escaped. Intervals closer than 1 m are one row; the table holds the first 200 rows and counts the rest.
    """
    flagged: list[FlaggedInterval] | list[FlaggedTrace]
    if scores.kind == "logs":
        intervals = flagged_intervals(recording.axis, scores)
        flagged, summary = intervals, _sentence_logs(recording, scores, intervals)
    else:
        traces = flagged_traces(recording, scores)
        flagged, summary = traces, _sentence_seismic(scores, traces)
    return _template().render(
        recording=recording,
        scores=scores,
        bundle_label=bundle_label,
        findings=findings,
        summary=summary,
        flagged=flagged[:MOST_ROWS],
        more=max(0, len(flagged) - MOST_ROWS),
        merge_gap=MERGE_GAP,
        curves=_curves(recording, scores) if scores.kind == "logs" else [],
        picture=base64.b64encode(figure_png(score_tracks(recording, scores))).decode("ascii"),
    )


@cache
def _template() -> Template:
    """The page's template; escaping is on for everything, whatever the file's name."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = _number
    return environment.from_string(
        files("aemodels.evaluate").joinpath("report.html.jinja").read_text(encoding="utf-8"),
    )


def _number(value: float, form: str = ".4g") -> str:
    """A number for readers: a dash where there is none, a real minus sign.

    >>> _number(float("nan")), _number(-2.5, ".1f")
    ('–', '−2.5')
    """
    return format(value, form).replace("-", "−") if np.isfinite(value) else "–"


def _sentence_logs(recording: Recording, scores: Scores, intervals: Sequence[FlaggedInterval]) -> str:
    observed = int(np.isfinite(scores.score).sum())
    if observed == 0:
        return "Nothing could be scored: no curve that the model knows holds a value."
    step = sample_step(recording.axis)
    extent = f"{_number(observed * step, ',.1f')} m scored"
    if not intervals:
        return f"Nothing is flagged in {extent}."
    flagged = int(scores.is_anomaly.sum())
    worst = max(intervals, key=lambda interval: interval.max_score)
    count = "1 interval is" if len(intervals) == 1 else f"{len(intervals):,} intervals are"
    return (
        f"{count} flagged, {_number(flagged * step, ',.1f')} m of {extent} ({flagged / observed:.1%}). "
        f"The highest score, {_number(worst.max_score)}, lies between {worst.top:.1f} and {worst.base:.1f} m"
        f"{' on ' + ', '.join(worst.curves) if worst.curves else ''}."
    )


def _sentence_seismic(scores: Scores, traces: Sequence[FlaggedTrace]) -> str:
    observed = int(np.isfinite(scores.score).sum())
    if observed == 0:
        return "Nothing could be scored: no trace holds a value."
    if not traces:
        return f"None of {observed:,} scored traces is flagged."
    worst = max(traces, key=lambda trace: trace.score)
    return (
        f"{len(traces):,} of {observed:,} scored traces {'is' if len(traces) == 1 else 'are'} flagged "
        f"({len(traces) / observed:.1%}). The highest score, {_number(worst.score)}, belongs to trace {worst.trace}."
    )


def _curves(recording: Recording, scores: Scores) -> list[CurveSummary]:
    """How much of each scored curve was observed, and how much of that is to blame."""
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
