"""Page that compares two logs of one well: both on one set of tracks, shift with depth, and differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aemodels.core.types import FloatArray, Recording
from aemodels.field.run_comparison import RunComparison, WindowLag
from aemodels.report.html.page import View, page_parts, template
from aemodels.report.html.well import DASHES, Marks, Track, TrackCurve, spans, well_view
from aemodels.report.log_scales import CurveScale, track_scales, tracks_of
from aemodels.report.palette import BLACK

MAX_LAGS = 400  # rows


def render_runs(comparison: RunComparison, second: Recording) -> str:
    """Render the page; self-contained, with a policy that forbids every request; all text of the files is escaped.

    Args:
        comparison: of the two logs.
        second: the log that was aligned.
    """
    view = runs_view(comparison)
    return template("runs.html.jinja").render(
        first=comparison.first,
        second=second,
        summary=summary_sentence(comparison),
        curves=comparison.curves,
        lags=comparison.lags[:MAX_LAGS],
        more=max(0, len(comparison.lags) - MAX_LAGS),
        only=comparison.only,
        every=view["every"],
        **vars(page_parts(view)),
    )


def summary_sentence(comparison: RunComparison) -> str:
    """Return what the comparison amounts to."""
    top, base = comparison.overlap
    where = f"from {top:,.1f} to {base:,.1f} m"
    if comparison.shift is None:
        return f"Common depths {where}; no interval of 80 m agrees at any shift up to 8 m, so nothing was aligned."
    worst = max(comparison.curves, key=lambda curve: curve.outside, default=None)
    text = (
        f"The second log is {abs(comparison.shift):.2f} m {'deeper' if comparison.shift > 0 else 'shallower'} than the"
    )
    text += f" first {where}, changing by {comparison.stretch:+.2f} m per 1,000 m; single intervals differ from that by"
    text += f" up to {comparison.uneven:.2f} m."
    if abs(comparison.shift) < 0.005:
        text = f"The logs are at the same depths {where}; single intervals differ by up to {comparison.uneven:.2f} m."
    if worst is not None and worst.outside > 0:
        text += (
            f" {worst.name} differs most: {worst.outside:.1%} of its readings are beyond the expected repeatability."
        )
    return text


def runs_view(comparison: RunComparison) -> View:
    """Return the data for assets/tracks.js: both logs, the second aligned, and its shift with depth."""
    first = comparison.first
    tracks = [_track(comparison, names) for names in tracks_of([curve.name for curve in comparison.curves])]
    if comparison.lags:
        shift = _shift_curve(comparison.lags, first)
        reach = max(0.5, float(np.nanmax(np.abs(shift))) * 1.2)
        scale = CurveScale(-reach, reach, BLACK)
        tracks.append(Track((TrackCurve("depth shift", "m", scale, {"second": shift}),)))
    return well_view(first.axis, tracks, Marks(affected=_beyond(comparison)))


def _track(comparison: RunComparison, names: Sequence[str]) -> Track:
    values = {name: {"first": comparison.first.channel(name), "second": comparison.aligned[name]} for name in names}
    scales = track_scales(names, [layers["first"] for layers in values.values()])
    units = {channel.name: channel.unit for channel in comparison.first.channels}
    return Track(
        tuple(
            TrackCurve(name, units.get(name, ""), scales[name], values[name], DASHES[number % len(DASHES)])
            for number, name in enumerate(names)
        )
    )


def _beyond(comparison: RunComparison) -> dict[str, list[tuple[float, float]]]:
    """Return per curve the intervals in which only one of the logs has readings."""
    out = {}
    for curve in comparison.curves:
        here, there = comparison.first.channel(curve.name), comparison.aligned[curve.name]
        out[curve.name] = spans(np.isfinite(here) != np.isfinite(there), comparison.first.axis)
    return out


def _shift_curve(lags: Sequence[WindowLag], first: Recording) -> FloatArray:
    """Return the median lag of the curves, between the middles of the windows: float32[sample]."""
    depths = sorted({one.depth for one in lags})
    medians = [float(np.median([one.lag for one in lags if one.depth == depth])) for depth in depths]
    shift = np.interp(first.axis, depths, medians, left=np.nan, right=np.nan)
    return (shift if np.isfinite(shift).any() else np.full(first.axis.shape, medians[0])).astype(np.float32)
