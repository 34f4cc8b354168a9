"""Tracks around one flagged interval, for a person to check."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from aemodels.core.types import Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.report.figures.log_tracks import headings, track_axes
from aemodels.report.figures.style import AFFECTED, FLAGGED, new_figure, shade
from aemodels.report.flagged_intervals import FlaggedInterval
from aemodels.report.log_scales import track_scales, tracks_of

MIN_CONTEXT, MAX_CONTEXT = 12.0, 80.0  # m above and below the interval
CALIPER = ("CALI", "BS")


def interval_tracks(recording: Recording, interval: FlaggedInterval, *, width: float = 7.0) -> Figure:
    """Draw the recorded curves around an interval on their customary scales, the caliper beside them if there is one.

    Args:
        recording: the well.
        interval: shaded on all tracks, darker on those of the affected curves.
        width: of the figure, inches.
    """
    context = float(np.clip(1.5 * interval.thickness, MIN_CONTEXT, MAX_CONTEXT))
    axis = recording.axis
    rows = np.flatnonzero((axis >= interval.top - context) & (axis <= interval.base + context))
    names = [name for name in recording.names if name in CANONICAL and name not in CALIPER]
    tracks = tracks_of(names)[:6]
    caliper = tuple(name for name in CALIPER if name in recording.names)
    tracks = [caliper, *tracks] if caliper else tracks
    figure = new_figure(width, 4.6)
    for axes, track in zip(track_axes(figure, len(tracks), axis[rows]), tracks, strict=True):
        values = [recording.channel(name)[rows] for name in track]
        scales = track_scales(track, values)
        headings(axes, scales, {name: recording.channels[recording.names.index(name)].unit for name in track})
        for name, curve in zip(track, values, strict=True):
            axes.plot(scales[name].position(curve), axis[rows], color=scales[name].colour, linewidth=0.8)
        hit = set(track) & set(interval.curves)
        shade(axes, [(interval.top, interval.base)], along="y", colour=AFFECTED if hit else FLAGGED)
    return figure
