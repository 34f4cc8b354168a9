"""Checks of a block of SEG-Y traces against the read plan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, FloatArray
from aemodels.io.segy.layout import FORMAT_NAMES, SegyLayout
from aemodels.io.segy.read_plan import SegyPlan
from aemodels.io.segy.trace_headers import EXCLUDED_KINDS, HeaderTable, excluded_kinds

IMPLAUSIBLE = 1e30  # above any amplitude unit in use; misread formats reach 1e38
SCALARS = (0, 1, 10, 100, 1000, 10000)
ROUNDING = (2, 9, 10, 12)  # formats with more bits than the fraction of a float32


def check_block(
    plan: SegyPlan, headers: HeaderTable, values: FloatArray, first: int, undefined: BoolArray | None = None
) -> Iterator[Finding]:
    """Check traces.

    Args:
        plan: the read plan of the file.
        headers: headers of the traces.
        values: float32[trace, sample], NaN = missing.
        first: number of the first trace in the file.
        undefined: bool[trace, sample], samples that held a mark of undefined values; None if none did.

    Yields:
        One finding per kind of problem.
    """
    yield from _intervals(plan, headers, first)
    yield from _delays(plan, headers, first)
    yield from _kinds(plan, headers, first)
    known = _known_missing(plan, headers, values, first)
    if undefined is not None:
        known = known | undefined
        yield _undefined(undefined, first)
    yield from _values(values, known, first)
    yield from _weighting(headers, first)
    yield from _counts(plan, headers, first)
    yield from _scalars(plan, headers, first)
    if plan.layout.code in ROUNDING:
        remedy = "samples beyond 16777216 are rounded to float32"
        yield Finding("info", "precision", "samples", FORMAT_NAMES[plan.layout.code], "at most 24 bits", remedy)


def _intervals(plan: SegyPlan, headers: HeaderTable, first: int) -> Iterator[Finding]:
    intervals = headers.column("dt")
    # Trace headers have integer us; a revision 2 interval may have a fraction.
    conflicting = (intervals > 0) & (np.abs(intervals - plan.interval) >= 1) & (1000 * intervals != plan.interval)
    if conflicting.any():
        shown = ", ".join(str(value) for value in np.unique(intervals[intervals > 0])[:5])
        found = f"{plan.layout.interval:g} us in the binary header, {shown} us in the traces"
        where = _traces(conflicting, first)
        yield Finding(
            "warning", "interval-conflict", where, found, "one sample interval", f"{plan.interval:g} us is used"
        )


def _delays(plan: SegyPlan, headers: HeaderTable, first: int) -> Iterator[Finding]:
    delays = headers.scaled(headers.column("delay"), "delay_scalar")
    other = np.abs(delays * 1e-3 - plan.start) > 1e-9
    if other.any():
        remedy = f"time starts at {plan.start:g} s in every trace"
        found = f"delays of {delays.min():g}..{delays.max():g} ms"
        yield Finding("warning", "delay-varies", _traces(other, first), found, "one delay", remedy)


def beyond_end(layout: SegyLayout, values: FloatArray, first: int) -> NDArray[np.bool_]:
    """Return the samples beyond the end of shorter traces: bool[trace, sample]."""
    counts = layout.counts(first, first + len(values))
    if counts is None:
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(np.arange(values.shape[1]) >= counts[:, np.newaxis], dtype=np.bool_)


def _known_missing(plan: SegyPlan, headers: HeaderTable, values: FloatArray, first: int) -> NDArray[np.bool_]:
    """Return samples whose absence other findings explain: bool[trace, sample]."""
    missing = beyond_end(plan.layout, values, first)
    return missing | excluded_kinds(headers)[:, np.newaxis] if plan.excluded else missing


def _undefined(undefined: BoolArray, first: int) -> Finding:
    found = f"{int(undefined.sum())} samples of 1e30 or -999.25, marks of undefined values"
    where = _traces(undefined.any(axis=1), first)
    return Finding("warning", "undefined-samples", where, found, "amplitudes", "read as missing")


def _kinds(plan: SegyPlan, headers: HeaderTable, first: int) -> Iterator[Finding]:
    excluded = excluded_kinds(headers)
    if plan.excluded and excluded.any():
        codes = np.unique(headers.column("kind")[excluded])
        found = ", ".join(f"{EXCLUDED_KINDS[int(code)]} (code {code} in bytes 29-30)" for code in codes)
        remedy = "read as missing and not scored; correct the code if they hold signal"
        yield Finding("warning", "trace-kinds", _traces(excluded, first), found, "seismic traces (code 1)", remedy)


def _weighting(headers: HeaderTable, first: int) -> Iterator[Finding]:
    weights = headers.column("weighting")
    other = weights != weights[0]
    if other.any():
        found = f"trace weighting factors 2^-N with N = {', '.join(str(n) for n in np.unique(weights)[:6])}"
        remedy = "the samples are used as stored; apply the factors (bytes 169-170) if traces differ in amplitude"
        yield Finding("warning", "trace-weighting", _traces(other, first), found, "one factor", remedy)


def _values(values: FloatArray, ended: NDArray[np.bool_], first: int) -> Iterator[Finding]:
    missing = np.isnan(values) & ~ended
    if missing.any():
        found = f"{int(missing.sum())} samples that are infinite or not a number"
        where = _traces(missing.any(axis=1), first)
        yield Finding("warning", "not-finite", where, found, "finite samples", "read as missing")
    largest = float(max(np.nanmax(values, initial=0.0), -np.nanmin(values, initial=0.0)))
    if largest > IMPLAUSIBLE:
        remedy = "check the sample format in bytes 3225-3226"
        found = f"amplitudes up to {largest:.3g}"
        yield Finding("warning", "implausible-values", "samples", found, f"below {IMPLAUSIBLE:g}", remedy)


def _counts(plan: SegyPlan, headers: HeaderTable, first: int) -> Iterator[Finding]:
    if plan.layout.starts is not None:
        return  # the file was read by these counts
    counts = headers.column("count")
    # 0 = as in the binary header; revision 2 stores counts beyond 16 bits elsewhere.
    conflicting = (counts != 0) & (counts != plan.layout.samples) & (plan.layout.samples < 2**16)
    if conflicting.any():
        found = f"{', '.join(str(count) for count in np.unique(counts[conflicting])[:5])} samples in the trace headers"
        remedy = "the count that fits the file size is used for all traces"
        where = _traces(conflicting, first)
        yield Finding("warning", "sample-count-conflict", where, found, f"{plan.layout.samples}", remedy)


def _scalars(plan: SegyPlan, headers: HeaderTable, first: int) -> Iterator[Finding]:
    scalars = headers.column("scalar")
    odd = ~np.isin(np.abs(scalars), SCALARS)
    if odd.any():
        found = f"coordinate scalar {', '.join(str(value) for value in np.unique(scalars[odd])[:5])}"
        expected = "0 or a power of ten up to 10000, negative to divide"
        remedy = "applied unchanged; check the coordinates, correct bytes 71-72"
        yield Finding("warning", "scalar-implausible", _traces(odd, first), found, expected, remedy)
    elif (scalars != plan.scalar).any():
        shown = ", ".join(str(value) for value in np.unique([plan.scalar, *scalars])[:5])
        where = _traces(scalars != plan.scalar, first)
        remedy = "each trace is scaled by its own; check the coordinates"
        yield Finding("warning", "scalar-conflict", where, f"coordinate scalars {shown}", "one scalar", remedy)


def _traces(mask: NDArray[np.bool_] | np.bool_, first: int) -> str:
    """Return the first affected trace and the number of further ones, as text."""
    traces = np.flatnonzero(mask)
    more = f" and {traces.size - 1} more" if traces.size > 1 else ""
    return f"trace {first + int(traces[0])}{more}"
