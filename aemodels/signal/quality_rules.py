"""What is wrong with a recording by rule alone: no statistics from training, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, FloatArray, Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.runs import flat_runs, runs, straight_runs

STUCK_SAMPLES = 9
# What three readings of a line drawn by interpolation are off it: what they were rounded to, as a share of the curve's
# own spread, or of the reading where the logarithm is taken. Logs as they were measured (KGS, NLOG) have no nine
# readings that close to a line; of eighteen composite logs of FORCE 2020 all but one have filled gaps.
STRAIGHT = 1e-5
# Caliper, bit size and the density correction are flat by nature (casing, bit runs, no correction needed).
STUCK_CURVES = frozenset({"GR", "RHOB", "NPHI", "DTC", "DTS", "RDEP", "RMED", "RSHA", "RXO", "PEF", "SP"})
CLIPPED_FRACTION = 0.01
CLIPPED_RUN = 3  # samples in a row at the very same extreme: a signal turns round, a clipped one stays
# A spike stands alone. Real traces (marine gathers, stacked sections, sonic-like records) stay below 3.5 times their
# neighbourhood; bursts of 4 to 15 times the trace's rms exceed 5.
SPIKE_RATIO = 5.0
SPIKE_HEIGHT = 3.0  # times the trace's rms, so that noise in a quiet stretch is no spike
ABSURD_AMPLITUDE = 1e30  # no unit in use comes near; damaged or misread floats do
ABSURD_RATIO = 1e6  # times the other traces' median peak: 120 dB, more than any gain or spreading leaves
ABSURD_COMPANY = 5  # traces that make such a median
SPIKE_GAP, SPIKE_REACH = 2, 15  # samples: the neighbourhood begins beyond the gap (a burst is up to 3 wide)


@dataclass(frozen=True, eq=False)
class Quality:
    """Which samples or traces break a rule.

    Args:
        flags: reason -> bool[channel, sample] (logs: "stuck", "range") or bool[channel, 1] (seismic: "dead",
            "constant", "missing", "absurd", "clipped", "spike"); True = bad.
        findings: one per reason and channel with any flag (logs), one per reason (seismic); of a log also
            "interpolated", which is no flag: what was drawn across a gap is no fault of a tool.
    """

    flags: Mapping[str, BoolArray]
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> BoolArray:
        """All reasons together, of the flags' shape."""
        return np.asarray(np.any(np.stack(list(self.flags.values())), axis=0), dtype=np.bool_)


def assess(recording: Recording, *, line_peak: float | None = None) -> Quality:
    """Apply the rules for the recording's kind.

    Args:
        recording: a well in canonical units, or traces.
        line_peak: median peak amplitude of the live traces of the whole line, where the recording is a part of it;
            None = the recording is the line.

    Returns:
        The flags. Missing samples of a log are never flagged; a trace with some is, for SEG-Y knows no missing value.
    """
    return _assess_logs(recording) if recording.kind == "logs" else _assess_traces(recording, line_peak)


def _assess_logs(recording: Recording) -> Quality:
    stuck = np.zeros(recording.values.shape, dtype=np.bool_)
    outside, drawn = np.zeros_like(stuck), np.zeros_like(stuck)
    for row, name in enumerate(recording.names):
        values = recording.values[row]
        if name in STUCK_CURVES:
            stuck[row] = flat_runs(values, STUCK_SAMPLES)
            drawn[row] = _drawn(values, stuck[row], log=CANONICAL[name].log)
        if name in CANONICAL:
            with np.errstate(invalid="ignore"):
                outside[row] = (values < CANONICAL[name].low) | (values > CANONICAL[name].high)
    flags = {"stuck": stuck, "range": outside}
    findings = [
        _log_finding(recording, reason, int(row), mask[row])
        for reason, mask in {**flags, "interpolated": drawn}.items()
        for row in np.flatnonzero(mask.any(axis=1))
    ]
    return Quality(flags, tuple(findings))


def _drawn(values: FloatArray, stuck: BoolArray, *, log: bool) -> BoolArray:
    """Samples on inclined lines, as interpolation draws them; of a resistivity, the line or its logarithm's."""
    readings = np.where(stuck, np.nan, values.astype(np.float64))
    if not log:
        spread = np.subtract(*np.nanpercentile(readings, [99.5, 0.5])) if np.isfinite(readings).any() else 0.0
        return straight_runs(readings, STUCK_SAMPLES, STRAIGHT * spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        decades = np.where(readings > 0, np.log10(readings), np.nan)
    out = straight_runs(decades, STUCK_SAMPLES, STRAIGHT)
    return out | straight_runs(readings, STUCK_SAMPLES, STRAIGHT * np.abs(readings[1:-1]))


def _log_finding(recording: Recording, reason: str, row: int, broken: BoolArray) -> Finding:
    name = recording.names[row]
    canonical = CANONICAL[name]
    expected = {
        "stuck": f"fewer than {STUCK_SAMPLES} identical values in a row",
        "range": f"{canonical.low:g}..{canonical.high:g} {canonical.unit}",
        "interpolated": f"fewer than {STUCK_SAMPLES} readings in a row on a straight line",
    }[reason]
    observed, count = int(np.isfinite(recording.values[row]).sum()), int(broken.sum())
    start, stop = max(runs(broken), key=lambda run: run[1] - run[0])
    longest = f"the longest stretch {recording.axis[start]:.1f}-{recording.axis[stop - 1]:.1f} m"
    found = f"{count} of {observed} samples ({100 * count / observed:.2f} %), {longest}"
    remedy = "check the tool, the splice or the unit"
    if reason == "interpolated":
        remedy = "a gap was filled, it seems: blank what was not measured"
    return Finding("warning", reason, f"curve {name}", found, expected, remedy)


def _assess_traces(recording: Recording, line_peak: float | None) -> Quality:
    values = recording.values
    magnitude = np.abs(np.nan_to_num(values))
    peak = magnitude.max(axis=1)
    dead: BoolArray = np.asarray(peak == 0, dtype=np.bool_)
    observed = np.isfinite(values)
    low, high = np.where(observed, values, np.inf).min(axis=1), np.where(observed, values, -np.inf).max(axis=1)
    constant: BoolArray = np.asarray(~dead & (low == high), dtype=np.bool_)
    missing: BoolArray = np.asarray(~dead & ~(observed | _beyond_end(recording)).all(axis=1), dtype=np.bool_)
    absurd = _absurd(peak, typical_peak(peak) if line_peak is None else line_peak)
    ordinary = ~dead & ~constant & ~absurd
    flags = {
        "dead": dead,
        "constant": constant,
        "missing": missing,
        "absurd": absurd,
        "clipped": ordinary & _clipped(magnitude, peak),
        "spike": ordinary & _spiky(magnitude),
    }
    return Quality({reason: mask[:, np.newaxis] for reason, mask in flags.items()}, trace_findings(flags))


def trace_findings(flags: Mapping[str, NDArray[np.bool_]]) -> tuple[Finding, ...]:
    """One finding per reason with any flag.

    Args:
        flags: reason -> bool[trace] of all traces of the line.
    """
    return tuple(_trace_finding(reason, mask) for reason, mask in flags.items() if mask.any())


def _beyond_end(recording: Recording) -> BoolArray:
    """bool[trace, sample]: what follows the end of a trace that is shorter than the others is not missing."""
    size = recording.axis.size
    counts = np.array([channel.headers.get("samples", size) for channel in recording.channels])
    return np.asarray(np.arange(size) >= counts[:, np.newaxis], dtype=np.bool_)


def typical_peak(peak: FloatArray) -> float:
    """Median peak amplitude of the live traces; infinite where they are too few to tell what is usual.

    Args:
        peak: float32[trace], largest magnitude of each trace, 0 = dead.
    """
    live = peak[peak > 0]
    return float(np.median(live)) if live.size >= ABSURD_COMPANY else np.inf


def _absurd(peak: FloatArray, typical: float) -> BoolArray:
    """bool[trace]: amplitudes that no instrument records beside the others."""
    return np.asarray(peak > min(ABSURD_RATIO * typical, ABSURD_AMPLITUDE), dtype=np.bool_)


def _clipped(magnitude: FloatArray, peak: FloatArray) -> BoolArray:
    """bool[trace]: a notable part of the samples at exactly the extreme, some of them in a row."""
    top = magnitude == peak[:, np.newaxis]
    runs = np.lib.stride_tricks.sliding_window_view(np.pad(top, ((0, 0), (0, CLIPPED_RUN - 1))), CLIPPED_RUN, axis=1)
    return np.asarray((top.mean(axis=1) >= CLIPPED_FRACTION) & np.any(np.all(runs, axis=-1), axis=1), dtype=np.bool_)


def _spiky(magnitude: FloatArray) -> BoolArray:
    """bool[trace]: some sample far above everything around it."""
    samples = magnitude.shape[1]
    rms = np.sqrt(np.mean(np.square(magnitude, dtype=np.float64), axis=1, keepdims=True))
    padded = np.pad(magnitude, ((0, 0), (SPIKE_REACH, SPIKE_REACH)))
    side = np.lib.stride_tricks.sliding_window_view(padded, SPIKE_REACH - SPIKE_GAP, axis=1).max(axis=-1)
    right = SPIKE_REACH + SPIKE_GAP + 1
    around = np.maximum(side[:, :samples], side[:, right : right + samples])
    spikes = (magnitude > SPIKE_RATIO * around) & (magnitude > SPIKE_HEIGHT * rms)
    return np.asarray(spikes.any(axis=1), dtype=np.bool_)


EXPECTED = {
    "dead": "some sample other than zero",
    "constant": "samples that differ",
    "missing": "a number in every sample",
    "absurd": f"amplitudes below {ABSURD_AMPLITUDE:g}, and within {ABSURD_RATIO:g} times the other traces'",
    "clipped": f"less than {100 * CLIPPED_FRACTION:g} % of the samples at the very extreme",
    "spike": f"no sample {SPIKE_RATIO:g} times above its neighbourhood",
}


def _trace_finding(reason: str, mask: NDArray[np.bool_]) -> Finding:
    traces = np.flatnonzero(mask)
    shown = ", ".join(str(trace) for trace in traces[:5]) + (" ..." if traces.size > 5 else "")
    found = f"{traces.size} of {mask.size} traces"
    remedy = "flagged as bad; edit or interpolate these traces"
    return Finding("warning", reason, f"trace {shown}", found, EXPECTED[reason], remedy)
