"""Data of the interactive tracks of a well: tracks, scales, curves, and the intervals to shade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aemodels.core.types import AxisArray, BoolArray, FloatArray, Recording, Scores
from aemodels.report.flagged_intervals import MERGE_GAP, FlaggedInterval, merged_runs, sample_step
from aemodels.report.html.page import MAX_VALUES, View, pack_array, to_base64
from aemodels.report.log_scales import SCALES, CurveScale, score_limits, track_scales

# Tracks from left to right, each with groups of curves; the curves of a group are scaled together.
LAYOUT: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("GR",), ("CALI", "BS")),
    (("RDEP", "RMED", "RSHA", "RXO"),),
    (("RHOB", "NPHI"), ("DRHO",)),
    (("DTC",), ("DTS",)),
)
# Never widened, so that density-neutron overlays are comparable; values beyond the limits are drawn at the edge.
FIXED = frozenset({"RHOB", "NPHI", "DRHO"})
HOLE_CURVES = frozenset({"CALI", "DRHO", "RHOB"})
# In addition to colour: lengths of strokes and gaps, px.
DASHES: tuple[tuple[int, ...], ...] = ((), (8, 3), (2, 2), (8, 2, 2, 2))
RESOLUTION = 1e-4  # of packed values, as a share of the track's width


@dataclass(frozen=True, eq=False)
class TrackCurve:
    """A curve of a track: name, unit, scale, dashes (px), and its layers: role → float32[sample]."""

    name: str
    unit: str
    scale: CurveScale
    layers: Mapping[str, FloatArray]
    dash: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Track:
    """Curves drawn in one track; `hole`: bad hole is hatched behind them."""

    curves: tuple[TrackCurve, ...]
    hole: bool = False


@dataclass(frozen=True, eq=False)
class Marks:
    """Intervals to shade: flagged ones, those in which each curve is affected, and bad hole; all in m."""

    flags: Sequence[FlaggedInterval] = ()
    affected: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    bad: Sequence[tuple[float, float]] = ()


def scored_well(
    recording: Recording, scores: Scores, intervals: Sequence[FlaggedInterval], hole: BoolArray | None
) -> View:
    """Return the data of a scored well.

    Args:
        recording: gives the depths, the units, and the curves shown in addition to the scored ones (CALI, BS, DRHO,
            further resistivities, DTS).
        scores: of kind "logs".
        intervals: the flagged ones.
        hole: bool[sample], bad hole; None if the recording lacks the curves to determine it.

    Returns:
        JSON-ready data for assets/tracks.js.
    """
    flags = scores.channel_flag & scores.is_anomaly
    affected = {name: spans(flag, recording.axis) for name, flag in zip(scores.channels, flags, strict=True)}
    marks = Marks(intervals, affected, [] if hole is None else spans(hole, recording.axis))
    return well_view(recording.axis, list(_tracks(recording, scores)), marks, scores)


def well_view(axis: AxisArray, tracks: Sequence[Track], marks: Marks, scores: Scores | None = None) -> View:
    """Return the data for assets/tracks.js; of a well too long for a page, minimum and maximum of equal groups.

    Args:
        axis: float64[sample], depth in m.
        tracks: from left to right.
        marks: intervals to shade.
        scores: None = no track of the score.
    """
    layers = sum(len(curve.layers) for track in tracks for curve in track.curves) + (scores is not None)
    every = 1 if layers * axis.size <= MAX_VALUES else -(-2 * layers * axis.size // MAX_VALUES)
    depth = _thin_axis(axis, every)
    half = sample_step(axis) / 2 or 0.5
    view: View = {
        "kind": "logs",
        "rows": int(depth.size),
        "every": every,
        "step": 2 * half,
        "limits": [float(axis[0]) - half, float(axis[-1]) + half],
        "axis": {"name": "depth", "unit": "m", **_packed_axis(depth)},
        "tracks": [_track(track, every) for track in tracks],
        "flags": [
            {"top": round(flag.top, 4), "base": round(flag.base, 4), "curves": flag.curves, "reason": flag.reason}
            for flag in marks.flags
        ],
        "affected": {name: _rounded(intervals) for name, intervals in marks.affected.items() if intervals},
        "bad": _rounded(marks.bad),
        "score": None,
    }
    if scores is not None:
        low, high = score_limits(scores)
        values = pack_array(_thin(scores.score, every), RESOLUTION * (high - low))
        view["score"] = {"threshold": scores.threshold, "low": low, "high": high, "values": values}
    return view


def spans(flag: BoolArray, axis: AxisArray) -> list[tuple[float, float]]:
    """Return top and base, m, of the flagged intervals; those closer than `MERGE_GAP` are merged."""
    half = sample_step(axis) / 2
    runs = merged_runs(flag, axis, gap=MERGE_GAP)
    return [(float(axis[start]) - half, float(axis[stop - 1]) + half) for start, stop in runs]


def _tracks(recording: Recording, scores: Scores) -> Iterator[Track]:
    """Yield the tracks of `LAYOUT`, then a track for each further scored curve."""
    layers = _layers(recording, scores)
    usual = {name for track in LAYOUT for group in track for name in group}
    for groups in (*LAYOUT, *(((name,),) for name in layers if name not in usual)):
        curves = [curve for group in groups for curve in _group(group, layers, recording)]
        dashed = tuple(
            TrackCurve(curve.name, curve.unit, curve.scale, curve.layers, DASHES[index % len(DASHES)])
            for index, curve in enumerate(curves)
        )
        if dashed:
            yield Track(dashed, hole=any(curve.name in HOLE_CURVES for curve in dashed))


def _layers(recording: Recording, scores: Scores) -> dict[str, dict[str, FloatArray]]:
    """Return the layers of every curve to draw: raw and denoised of scored curves, the values of the others."""
    context = [name for track in LAYOUT for group in track for name in group if name in recording.names]
    layers = {name: {"context": recording.channel(name)} for name in context}
    for name, raw, denoised in zip(scores.channels, scores.raw, scores.denoised, strict=True):
        layers[name] = {"raw": raw, "denoised": denoised}
    return {name: kept for name, kept in layers.items() if any(np.isfinite(row).any() for row in kept.values())}


def _group(
    group: Sequence[str], layers: Mapping[str, Mapping[str, FloatArray]], recording: Recording
) -> list[TrackCurve]:
    units = {channel.name: channel.unit for channel in recording.channels}
    names = [name for name in group if name in layers]
    widened = track_scales(names, [next(iter(layers[name].values())) for name in names])
    scales = {name: SCALES[name] if name in FIXED else scale for name, scale in widened.items()}
    return [TrackCurve(name, units.get(name, ""), scales[name], layers[name]) for name in names]


def _track(track: Track, every: int) -> View:
    return {"hole": track.hole, "curves": [_curve(curve, every) for curve in track.curves]}


def _curve(curve: TrackCurve, every: int) -> View:
    scale = curve.scale
    width = abs(np.log10(scale.right / scale.left)) if scale.log else abs(scale.right - scale.left)
    layers = [
        {"role": role, "values": pack_array(_thin(values, every), RESOLUTION * float(width), log=scale.log)}
        for role, values in curve.layers.items()
    ]
    shape = {"left": scale.left, "right": scale.right, "log": scale.log, "colour": scale.colour, "dash": curve.dash}
    return {"name": curve.name, "unit": curve.unit, **shape, "layers": layers}


def _thin(values: FloatArray, every: int) -> FloatArray:
    """Return minimum and maximum of each `every` values in their order; the values themselves if `every` is 1."""
    if every == 1:
        return values
    padded = np.pad(values, (0, -values.size % every), constant_values=np.nan).reshape(-1, every)
    low = np.where(np.isfinite(padded), padded, np.inf).argmin(axis=1)
    high = np.where(np.isfinite(padded), padded, -np.inf).argmax(axis=1)
    order = np.sort(np.stack([low, high], axis=1), axis=1)
    return np.asarray(np.take_along_axis(padded, order, axis=1).ravel(), dtype=np.float32)


def _thin_axis(axis: AxisArray, every: int) -> AxisArray:
    """Return the depths at one and three quarters of each `every` samples, so that even depths stay even."""
    if every == 1:
        return axis
    positions = (np.arange(-(-axis.size // every) * 2) + 0.5) * every / 2 - 0.5
    beyond = np.maximum(positions - (axis.size - 1), 0.0) * sample_step(axis)  # of the last, partly filled group
    return np.asarray(np.interp(positions, np.arange(axis.size), axis) + beyond, dtype=np.float64)


def _packed_axis(axis: AxisArray) -> dict[str, Any]:
    """Return start and step if the depths are even to a hundredth of a step, else all depths."""
    step = float(axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else 1.0
    even = axis[0] + step * np.arange(axis.size)
    if float(np.abs(axis - even).max()) <= 0.01 * step:
        return {"start": float(axis[0]), "step": step}
    return {"type": "f8", "data": to_base64(axis.astype("<f8"))}


def _rounded(intervals: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [[round(top, 4), round(base, 4)] for top, base in intervals]
