"""Quality rules for recordings: fixed criteria without training data or networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding, Severity
from aemodels.core.types import BoolArray, FloatArray, Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.runs import flat_runs, runs, straight_runs

STUCK_SAMPLES = 9
# Share of the samples of a curve below which its file is not doubtful: they are flagged, the others are good.
FEW = 0.01
# Rounding error of three interpolated readings relative to a straight line, as a share of the curve's range, or of the
# reading for resistivities. Measured logs (KGS, NLOG) have no nine readings that close to a line; all but one of
# eighteen composite logs of FORCE 2020 have filled gaps.
STRAIGHT_TOLERANCE = 1e-5
# Readings in two units, like density in g/cm3 and kg/m3, leave a gap between their magnitudes that one unit never has.
OTHER_UNIT_RATIO = 5.0
OTHER_UNIT_SHARE, FEW_BETWEEN = 0.01, 0.002  # least share of either unit; share of the readings that may lie between
# Caliper, bit size and density correction are excluded: constant values are normal (casing, bit runs, no correction).
STUCK_CURVES = frozenset({"GR", "RHOB", "NPHI", "DTC", "DTS", "RDEP", "RMED", "RSHA", "RXO", "PEF", "SP"})
CLIPPED_FRACTION = 0.01
CLIPPED_RUN = 3  # consecutive samples at exactly the extreme value; an unclipped signal passes it in one sample
# Spikes are isolated. Field traces (marine gathers, stacked sections, sonic waveforms) stay below 3.5 times their
# neighbourhood; bursts of 4 to 15 times the RMS of the trace exceed 5.
SPIKE_RATIO = 5.0
SPIKE_HEIGHT = 3.0  # times the RMS of the trace, so that noise in a quiet interval is not a spike
ABSURD_AMPLITUDE = 1e30  # above any amplitude unit in use; damaged or misread floats exceed it
ABSURD_RATIO = 1e6  # times the median peak of the other traces: 120 dB, more than any gain or spreading difference
MIN_LIVE_TRACES = 5  # for such a median
SPIKE_GAP, SPIKE_REACH = 2, 15  # in samples; the neighbourhood starts beyond the gap (a burst is up to 3 samples wide)


@dataclass(frozen=True, eq=False)
class Quality:
    """Result of the quality rules.

    Args:
        flags: reason -> bool[channel, sample] (logs: "stuck", "range") or bool[channel, 1] (seismic: "dead",
            "constant", "missing", "absurd", "clipped", "spike"); True = bad.
        findings: one per reason and channel with any flag (logs), one per reason (seismic); for logs also
            "interpolated", which has no flag, since a filled gap is not a tool fault.
    """

    flags: Mapping[str, BoolArray]
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> BoolArray:
        """Union of all flags."""
        return np.asarray(np.any(np.stack(list(self.flags.values())), axis=0), dtype=np.bool_)


def assess(recording: Recording, *, line_peak: float | None = None) -> Quality:
    """Apply the rules for the kind of recording.

    Args:
        recording: a well in canonical units, or traces.
        line_peak: median peak amplitude of the live traces of the whole line, if the recording is a part of one;
            None = computed from the recording.

    Returns:
        Flags and findings. Missing samples of a log are never flagged; a trace with missing samples is, since SEG-Y has
        no missing values.
    """
    return _assess_logs(recording) if recording.kind == "logs" else _assess_traces(recording, line_peak)


def _assess_logs(recording: Recording) -> Quality:
    stuck = np.zeros(recording.values.shape, dtype=np.bool_)
    outside, interpolated = np.zeros_like(stuck), np.zeros_like(stuck)
    for row, name in enumerate(recording.names):
        values = recording.values[row]
        if name in STUCK_CURVES:
            stuck[row] = flat_runs(values, STUCK_SAMPLES)
            interpolated[row] = interpolated_samples(values, stuck[row], log=CANONICAL[name].log)
        if name in CANONICAL:
            with np.errstate(invalid="ignore"):
                outside[row] = (values < CANONICAL[name].low) | (values > CANONICAL[name].high)
    flags = {"stuck": stuck, "range": outside}
    findings = [
        _log_finding(recording, reason, int(row), mask[row])
        for reason, mask in {**flags, "interpolated": interpolated}.items()
        for row in np.flatnonzero(mask.any(axis=1))
    ]
    return Quality(flags, tuple(findings))


def interpolated_samples(values: FloatArray, stuck: BoolArray, *, log: bool) -> BoolArray:
    """Find samples on inclined straight lines, which are probably filled gaps.

    Args:
        values: float32[sample], NaN = missing.
        stuck: bool[sample], runs of identical values, which do not count.
        log: a resistivity, which may be straight on a linear or a logarithmic scale.

    Returns:
        bool[sample].
    """
    readings = np.where(stuck, np.nan, values.astype(np.float64))
    if not log:
        return straight_runs(readings, STUCK_SAMPLES, STRAIGHT_TOLERANCE * _spread(readings)[1:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        decades = np.where(readings > 0, np.log10(readings), np.nan)
    out = straight_runs(decades, STUCK_SAMPLES, STRAIGHT_TOLERANCE)
    return out | straight_runs(readings, STUCK_SAMPLES, STRAIGHT_TOLERANCE * np.abs(readings[1:-1]))


def _spread(readings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the spread, without the last 0.5 % at either end, of the readings in the unit of each: float64[sample].

    Args:
        readings: float64[sample], NaN = missing.
    """
    limit = _unit_limit(readings)
    with np.errstate(invalid="ignore"):
        above = np.abs(readings) > limit
    out = np.zeros(readings.shape)
    for group in (above, ~above):
        members = readings[group & np.isfinite(readings)]
        out[group] = np.subtract(*np.percentile(members, [99.5, 0.5])) if members.size else 0.0
    return out


def _unit_limit(readings: NDArray[np.float64]) -> float:
    """Return the magnitude between readings in two units; infinite if all are in one."""
    magnitude = np.sort(np.abs(readings[np.isfinite(readings)]))
    few, least = int(FEW_BETWEEN * magnitude.size) + 1, int(OTHER_UNIT_SHARE * magnitude.size) + STUCK_SAMPLES
    if magnitude.size <= 2 * (least + few):
        return np.inf
    below, beyond = magnitude[least - few : -least - few], magnitude[least + few : magnitude.size - least + few]
    ratio = np.divide(beyond, below, out=np.zeros_like(below), where=below > 0)
    widest = int(np.argmax(ratio))
    return float(np.sqrt(below[widest] * beyond[widest])) if ratio[widest] >= OTHER_UNIT_RATIO else np.inf


def _log_finding(recording: Recording, reason: str, row: int, flag: BoolArray) -> Finding:
    name = recording.names[row]
    canonical = CANONICAL[name]
    expected = {
        "stuck": f"fewer than {STUCK_SAMPLES} identical values in a row",
        "range": f"{canonical.low:g}..{canonical.high:g} {canonical.unit}",
        "interpolated": f"fewer than {STUCK_SAMPLES} readings in a row on a straight line",
    }[reason]
    observed, count = int(np.isfinite(recording.values[row]).sum()), int(flag.sum())
    start, stop = max(runs(flag), key=lambda run: run[1] - run[0])
    longest = f"the longest interval {recording.axis[start]:.1f}-{recording.axis[stop - 1]:.1f} m"
    found = f"{count} of {observed} samples ({100 * count / observed:.2f} %), {longest}"
    remedy = "check the tool, the splice or the unit"
    if reason == "interpolated":
        remedy = "probably a filled gap: replace values that were not measured by NULL"
    severity: Severity = "info" if count < FEW * observed else "warning"
    return Finding(severity, reason, f"curve {name}", found, expected, remedy)


def _assess_traces(recording: Recording, line_peak: float | None) -> Quality:
    values = recording.values
    observed = np.isfinite(values)
    whole = bool(observed.all())
    magnitude = np.abs(values if whole else np.nan_to_num(values))
    peak = magnitude.max(axis=1)
    dead: BoolArray = np.asarray(peak == 0, dtype=np.bool_)
    low = (values if whole else np.where(observed, values, np.inf)).min(axis=1)
    high = (values if whole else np.where(observed, values, -np.inf)).max(axis=1)
    constant: BoolArray = np.asarray(~dead & (low == high), dtype=np.bool_)
    recorded = observed.all(axis=1) if whole else (observed | _beyond_end(recording)).all(axis=1)
    missing: BoolArray = np.asarray(~dead & ~recorded, dtype=np.bool_)
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
    """Return one finding per reason with any flag.

    Args:
        flags: reason -> bool[trace] of all traces of the line.
    """
    return tuple(_trace_finding(reason, mask) for reason, mask in flags.items() if mask.any())


def _beyond_end(recording: Recording) -> BoolArray:
    """Return the samples beyond the end of shorter traces, which are not missing: bool[trace, sample]."""
    size = recording.axis.size
    counts = np.array([channel.headers.get("samples", size) for channel in recording.channels])
    return np.asarray(np.arange(size) >= counts[:, np.newaxis], dtype=np.bool_)


def typical_peak(peak: FloatArray) -> float:
    """Return the median peak amplitude of the live traces; infinite if there are too few of them.

    Args:
        peak: float32[trace], largest magnitude of each trace, 0 = dead.
    """
    live = peak[peak > 0]
    return float(np.median(live)) if live.size >= MIN_LIVE_TRACES else np.inf


def _absurd(peak: FloatArray, typical: float) -> BoolArray:
    """Find traces with impossibly large amplitudes: bool[trace]."""
    return np.asarray(peak > min(ABSURD_RATIO * typical, ABSURD_AMPLITUDE), dtype=np.bool_)


def _clipped(magnitude: FloatArray, peak: FloatArray) -> BoolArray:
    """Find traces with many samples at exactly the extreme value, some of them consecutive: bool[trace]."""
    top = magnitude == peak[:, np.newaxis]
    clipped: BoolArray = np.asarray(top.mean(axis=1) >= CLIPPED_FRACTION, dtype=np.bool_)
    padded = np.pad(top[clipped], ((0, 0), (0, CLIPPED_RUN - 1)))
    runs = np.lib.stride_tricks.sliding_window_view(padded, CLIPPED_RUN, axis=1)
    clipped[clipped] = np.any(np.all(runs, axis=-1), axis=1)
    return clipped


def _spiky(magnitude: FloatArray) -> BoolArray:
    """Find traces with a sample far above its neighbourhood: bool[trace]."""
    samples = magnitude.shape[1]
    rms = np.sqrt(np.mean(np.square(magnitude, dtype=np.float64), axis=1, keepdims=True))
    padded = np.pad(magnitude, ((0, 0), (SPIKE_REACH, SPIKE_REACH)))
    maxima = _highest_ahead(padded, SPIKE_REACH - SPIKE_GAP)
    right = SPIKE_REACH + SPIKE_GAP + 1
    around = np.maximum(maxima[:, :samples], maxima[:, right : right + samples])
    spikes = (magnitude > SPIKE_RATIO * around) & (magnitude > SPIKE_HEIGHT * rms)
    return np.asarray(spikes.any(axis=1), dtype=np.bool_)


def _highest_ahead(values: FloatArray, width: int) -> FloatArray:
    """Return the highest of `width` values from each on, float32[trace, sample - width + 1], by doubling."""
    found, covered = values, 1
    while covered < width:
        step = min(covered, width - covered)
        found = np.maximum(found[:, :-step], found[:, step:])
        covered += step
    return found


EXPECTED = {
    "dead": "non-zero samples",
    "constant": "varying samples",
    "missing": "a finite value in every sample",
    "absurd": f"amplitudes below {ABSURD_AMPLITUDE:g}, and within {ABSURD_RATIO:g} times the median peak of the line",
    "clipped": f"less than {100 * CLIPPED_FRACTION:g} % of the samples at the extreme value",
    "spike": f"no sample {SPIKE_RATIO:g} times above its neighbourhood",
}


def _trace_finding(reason: str, mask: NDArray[np.bool_]) -> Finding:
    traces = np.flatnonzero(mask)
    shown = ", ".join(str(trace) for trace in traces[:5]) + (" ..." if traces.size > 5 else "")
    found = f"{traces.size} of {mask.size} traces"
    remedy = "these traces are flagged; edit or interpolate them"
    return Finding("warning", reason, f"trace {shown}", found, EXPECTED[reason], remedy)
