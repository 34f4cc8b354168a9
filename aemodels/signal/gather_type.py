"""Gather type, stacked or pre-stack, from the trace headers, or from lateral coherence if these do not decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import FloatArray, GatherKind, Recording

# Median correlation of neighbouring traces: 0.46 and 0.91 on two field stacks, 0.03 on marine shot gathers, where
# events move by a sample or more per trace.
MIN_STACK_COHERENCE = 0.25
_PAIRS = 2000  # neighbouring pairs examined, evenly spaced over the file


@dataclass(frozen=True)
class Gather:
    """Gather type of a seismic file, with its evidence.

    Args:
        kind: "stacked", "pre-stack" or "single" (one trace).
        reason: human-readable reason.
        offsets: number of different source-receiver offsets.
        bins: number of different positions (inline, crossline, coordinates).
    """

    kind: GatherKind
    reason: str
    offsets: int
    bins: int


def gather_type(recording: Recording) -> Gather:
    """Distinguish stacked lines from pre-stack gathers.

    One trace per bin is a stack, several with different offsets are a gather (SEG-Y revision 2, trace header bytes
    37-40 and 181-196). If positions and offsets do not decide, lateral coherence does.

    Args:
        recording: a seismic recording with trace headers.

    Raises:
        DataError: if the recording is a well.
    """
    if recording.kind != "seismic":
        raise DataError(f"{recording.source.uri}: a {recording.kind} file has no gathers; expected a seismic one")
    traces = len(recording.channels)
    bins = len({tuple(c.headers.get(key) for key in _POSITION) for c in recording.channels})
    offsets = len({channel.headers.get("offset") for channel in recording.channels})
    kind, reason = _decide(traces, bins, offsets, recording.values)
    return Gather(kind=kind, reason=reason, offsets=offsets, bins=bins)


_POSITION = ("inline", "crossline", "cdp_x", "cdp_y")


def _decide(traces: int, bins: int, offsets: int, values: FloatArray) -> tuple[GatherKind, str]:
    if traces == 1:
        return "single", "one trace"
    if bins == traces:
        return "stacked", f"each of {traces} traces has its own position"
    if offsets > 1:
        return "pre-stack", f"{traces} traces at {bins} positions have {offsets} offsets"
    coherence = lateral_coherence(values)
    if coherence >= MIN_STACK_COHERENCE:
        return "stacked", f"headers do not decide; neighbouring traces correlate at {coherence:.2f}"
    return "pre-stack", f"headers do not decide; neighbouring traces correlate at only {coherence:.2f}"


def lateral_coherence(values: FloatArray) -> float:
    """Return the median correlation of neighbouring live traces at zero lag; NaN if there are no two.

    Args:
        values: float32[trace, sample]; NaN counts as zero.
    """
    first = np.unique(np.linspace(0, max(len(values) - 2, 0), _PAIRS).astype(int))
    if len(values) < 2:
        return float("nan")
    one, two = _unit(values[first]), _unit(values[first + 1])
    correlation = np.einsum("ts,ts->t", one, two)
    live = one.any(axis=1) & two.any(axis=1)
    return float(np.median(correlation[live])) if live.any() else float("nan")


def _unit(values: FloatArray) -> NDArray[np.float64]:
    """Return traces less their mean, with unit norm; a dead or constant trace is zero."""
    filled = np.nan_to_num(values.astype(np.float64))
    peak = np.abs(filled).max(axis=1, keepdims=True)  # scaled first, so that extreme amplitudes do not overflow
    centred = filled / np.where(peak > 0, peak, 1)
    centred -= centred.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.where(norm > 1e-12, norm, np.inf))


def gather_finding(recording: Recording) -> Finding:
    """Return the detected type as an info finding."""
    gather = gather_type(recording)
    found = f"{gather.kind}: {gather.reason}"
    remedy = "none needed; if it is wrong, correct offset and positions in the trace headers"
    return Finding("info", "gather-type", recording.source.uri, found, "stacked, pre-stack or single", remedy)
