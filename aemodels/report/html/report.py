"""HTML report of one scored file, which works offline and can be printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores
from aemodels.report.flagged_intervals import (
    MERGE_GAP,
    FlaggedInterval,
    FlaggedTrace,
    flagged_intervals,
    flagged_traces,
    sample_step,
    suspect_intervals,
)
from aemodels.report.html.line import scored_line
from aemodels.report.html.page import number, page_parts, template
from aemodels.report.html.rows import curve_rows, interval_rows, range_rows
from aemodels.report.html.well import scored_well
from aemodels.signal.bad_hole import CORRECTED_G_CM3, ENLARGED_IN, bad_hole

POLICY = "default-src 'none'; "  # beginning of the policy of a report, which may reach nothing
# Attribute that holds the reviews of the well; `sondeflow reviews apply` fills it in a copy. Text of files cannot look
# like it, because its quotes are escaped.
KEPT_REVIEWS = 'data-kept="[]"'
MAX_ROWS = 200
MAX_SUSPECT = 30
# Offered to a reviewer, who may write another: the kinds of faults that are learned, and quality rules.
REASONS = ("washout", "cycle_skip", "stuck", "spike", "depth_shift", "unit", "drift", "saturation", "noise", "range")
LINE_REASONS = (
    "dead",
    "near_dead",
    "spiky",
    "noisy",
    "clipped",
    "reversed",
    "static_shift",
    "hum",
    "duplicated",
    "gain",
)


def render_report(
    recording: Recording, scores: Scores, *, bundle_label: str, findings: Sequence[Finding], card: str = ""
) -> str:
    """Render the report of a scored file: summary, interactive figure, flagged intervals or traces, and findings.

    Args:
        recording: the recording that was scored.
        scores: its scores, one row per sample (logs) or trace (seismic) of `recording`.
        bundle_label: model and version, e.g. "sondeflow-logs v3".
        findings: of the reader and the quality rules.
        card: location of the model card; an http address becomes a link, anything else ("models:/…") is shown as text.

    Returns:
        HTML5 with inlined style, script and data, and a policy that forbids every request; all text from the file is
        escaped. Intervals closer than 1 m are merged; the table lists the first 200 rows and states how many more
        there are.
    """
    parts = _well_parts(recording, scores) if scores.kind == "logs" else _line_parts(recording, scores)
    view = parts.pop("view")
    return template("report.html.jinja").render(
        recording=recording,
        scores=scores,
        bundle_label=bundle_label,
        findings=findings,
        card=card,
        card_is_address=card.startswith(("http://", "https://")),
        every=view["every"],
        kept_reviews=Markup(KEPT_REVIEWS),  # noqa: S704 - our own constant
        **vars(page_parts(view)),
        **parts,
    )


def _well_parts(recording: Recording, scores: Scores) -> dict[str, Any]:
    intervals = flagged_intervals(recording.axis, scores)
    hole = bad_hole(recording)
    return {
        "summary": _sentence_logs(recording, scores, intervals),
        "view": scored_well(recording, scores, intervals, hole),
        "flagged": interval_rows(recording, scores, intervals[:MAX_ROWS], hole),
        "more": max(0, len(intervals) - MAX_ROWS),
        "curves": curve_rows(recording, scores),
        "reasons": REASONS,
        "suspect": suspect_intervals(recording.axis, scores)[:MAX_SUSPECT],
        "not_judged": int((~scores.is_judged & np.isfinite(scores.raw).any(axis=0)).sum()),
        "hole": hole is not None,
        "merge_gap": MERGE_GAP,
        "enlarged": ENLARGED_IN,
        "corrected": CORRECTED_G_CM3,
    }


def _line_parts(recording: Recording, scores: Scores) -> dict[str, Any]:
    traces = flagged_traces(recording, scores)
    ranges = range_rows(traces)
    return {
        "summary": _sentence_seismic(scores, traces),
        "view": scored_line(recording, scores),
        "flagged": ranges[:MAX_ROWS],
        "more": max(0, len(ranges) - MAX_ROWS),
        "reasons": LINE_REASONS,
        "first_trace": int(recording.channels[0].headers.get("trace", 0)),
        "curves": [],
        "hole": False,
    }


def _sentence_logs(recording: Recording, scores: Scores, intervals: Sequence[FlaggedInterval]) -> str:
    observed = int(np.isfinite(scores.score).sum())
    if observed == 0:
        return "Nothing could be scored: none of the model's curves has a value."
    step = sample_step(recording.axis)
    extent = f"{number(observed * step, ',.1f')} m scored"
    if not intervals:
        return f"Nothing is flagged in {extent}."
    flagged = int(scores.is_anomaly.sum())
    worst = max(intervals, key=lambda interval: interval.max_score)
    count = "1 interval is" if len(intervals) == 1 else f"{len(intervals):,} intervals are"
    return (
        f"{count} flagged, {number(flagged * step, ',.1f')} m of {extent} ({flagged / observed:.1%}). "
        f"The highest score, {number(worst.max_score)}, is between {worst.top:.1f} and {worst.base:.1f} m"
        f"{' on ' + ', '.join(worst.curves) if worst.curves else ''}."
    )


def _sentence_seismic(scores: Scores, traces: Sequence[FlaggedTrace]) -> str:
    observed = int(np.isfinite(scores.score).sum())
    if observed == 0:
        return "Nothing could be scored: no trace has a value."
    if not traces:
        return f"None of {observed:,} scored traces is flagged."
    worst = max(traces, key=lambda trace: trace.score)
    return (
        f"{len(traces):,} of {observed:,} scored traces {'is' if len(traces) == 1 else 'are'} flagged "
        f"({len(traces) / observed:.1%}). The highest score, {number(worst.score)}, is that of trace {worst.trace}."
    )
