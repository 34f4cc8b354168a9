"""Figure of a scored recording: raw and denoised data with flagged intervals or traces, and the score."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aemodels.core.types import AxisArray, BoolArray, Recording, Scores
from aemodels.report.figures.log_tracks import headings, track_axes
from aemodels.report.figures.seismic_sections import draw_section
from aemodels.report.figures.style import AFFECTED, FLAGGED, NOISY_GREY, TEXT_GREY, new_figure, plain_axes, shade
from aemodels.report.flagged_intervals import MERGE_GAP, merged_runs, sample_step
from aemodels.report.log_scales import CurveScale, clip_level, score_limits, track_scales, tracks_of
from aemodels.report.palette import BLACK, VERMILION
from aemodels.signal.runs import runs


def score_tracks(recording: Recording, scores: Scores, *, truth: Recording | None = None) -> Figure:
    """Draw the results of scoring one recording.

    Logs: raw (grey) and denoised (colour) curves with depth down, flagged intervals shaded across all tracks and
    darker on the affected curves, the score with its threshold at the right. Seismic: raw, denoised and residual
    section side by side under the score of each trace, flagged traces marked.

    Args:
        recording: the recording that was scored; gives the axis and the units.
        scores: of the recording.
        truth: logs: the recording before fault injection, drawn as a thin black line.

    Returns:
        Logs: a portrait figure of at most 12 × 13 inches; seismic: a landscape one.
    """
    return _logs(recording, scores, truth) if scores.kind == "logs" else _seismic(recording, scores)


def _logs(recording: Recording, scores: Scores, truth: Recording | None) -> Figure:
    rows = dict(zip(scores.channels, scores.raw, strict=True))
    tracks = [track_scales(track, [rows[name] for name in track]) for track in tracks_of(scores.channels)]
    units = dict.fromkeys(scores.channels, "") | {channel.name: channel.unit for channel in recording.channels}
    figure = new_figure(min(12.0, 2.6 + 1.75 * len(tracks)), 13.0)
    columns = track_axes(figure, len(tracks) + 1, recording.axis)
    spans = _spans(scores.is_anomaly, recording.axis)
    for axes, track in zip(columns, tracks, strict=False):
        headings(axes, track, units)
        shade(axes, spans, along="y", colour=FLAGGED)
        for name, scale in track.items():
            _curve(axes, recording.axis, scores, name, scale)
            if truth is not None and name in truth.names:
                axes.plot(scale.position(truth.channel(name)), truth.axis, color=BLACK, linewidth=0.9, zorder=1.8)
    shade(columns[-1], spans, along="y", colour=FLAGGED)
    _score_track(columns[-1], recording.axis, scores)
    handles = [
        Line2D([], [], color=NOISY_GREY, linewidth=2.4),
        Line2D([], [], color=TEXT_GREY, linewidth=1.6),
        Patch(facecolor=FLAGGED),
        Patch(facecolor=AFFECTED),
    ]
    labels = ["raw", "denoised (colour of the heading)", "flagged interval", "flagged on this curve"]
    if truth is not None:
        handles.append(Line2D([], [], color=BLACK, linewidth=0.9))
        labels.append("before fault injection")
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    figure.suptitle(recording.name, fontsize=12, fontweight="bold")
    return figure


def _curve(axes: Axes, axis: AxisArray, scores: Scores, name: str, scale: CurveScale) -> None:
    row = scores.channels.index(name)
    flag = scores.channel_flag[row] & scores.is_anomaly
    shade(axes, _spans(flag, axis), along="y", colour=AFFECTED)
    axes.plot(scale.position(scores.raw[row]), axis, color=NOISY_GREY, linewidth=1.4)
    axes.plot(scale.position(scores.denoised[row]), axis, color=scale.colour, linewidth=0.8)


def _spans(flag: BoolArray, axis: AxisArray) -> list[tuple[float, float]]:
    half = sample_step(axis) / 2
    return [(axis[start] - half, axis[stop - 1] + half) for start, stop in merged_runs(flag, axis, gap=MERGE_GAP)]


def _score_track(axes: Axes, axis: AxisArray, scores: Scores) -> None:
    low, high = score_limits(scores)
    axes.plot(scores.score, axis, color=BLACK, linewidth=0.6)
    axes.axvline(scores.threshold, color=VERMILION, linewidth=1.4, linestyle="--")
    axes.set_xlim(low, high)
    axes.tick_params(axis="x", top=True, labeltop=True, labelsize=8, colors=TEXT_GREY)
    axes.locator_params(axis="x", nbins=3)
    axes.set_title(f"score\nthreshold {scores.threshold:.3g}", fontsize=9, color=BLACK, pad=6)


def _seismic(recording: Recording, scores: Scores) -> Figure:
    figure = new_figure(15.0, 7.6)
    strips, sections = figure.subplots(2, 3, sharex=True, sharey="row", height_ratios=[1.0, 3.6])
    parts = {"raw": scores.raw, "denoised": scores.denoised, "residual (raw − denoised)": scores.raw - scores.denoised}
    clip = clip_level(scores.raw)
    spans = [(start - 0.5, stop - 0.5) for start, stop in runs(scores.is_anomaly)]
    for strip, axes, (name, values) in zip(strips, sections, parts.items(), strict=True):
        image = draw_section(axes, values, recording.axis, clip=clip)
        axes.set_xlabel("trace (from 0)", color=TEXT_GREY)
        axes.tick_params(colors=TEXT_GREY, labelsize=9)
        _score_strip(strip, scores)
        strip.set_title(name, loc="left", fontsize=11, fontweight="bold")
        shade(axes, spans, along="x", colour=FLAGGED)
        shade(strip, spans, along="x", colour=FLAGGED)
    strips[0].set_ylabel("score", color=TEXT_GREY)
    sections[0].set_ylabel("two-way time (s)", color=TEXT_GREY)
    bar = figure.colorbar(image, ax=list(sections), shrink=0.7, pad=0.01, extend="both")
    bar.set_label("amplitude", color=TEXT_GREY)
    handles, labels = strips[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(recording.name, fontsize=12, fontweight="bold")
    return figure


def _score_strip(axes: Axes, scores: Scores) -> None:
    plain_axes(axes, grid="y")
    traces, flagged = np.arange(scores.score.size), scores.is_anomaly
    axes.vlines(traces, score_limits(scores)[0], scores.score, color=NOISY_GREY, linewidth=1.0)
    axes.plot(traces[~flagged], scores.score[~flagged], ".", color=TEXT_GREY, markersize=3, label="trace")
    if flagged.any():
        heights = np.minimum(scores.score[flagged], score_limits(scores)[1])
        axes.plot(traces[flagged], heights, "v", color=VERMILION, markersize=5, label="flagged", clip_on=False)
    axes.axhline(scores.threshold, color=VERMILION, linewidth=1.2, linestyle="--", label="threshold")
    axes.set_ylim(*score_limits(scores))
