"""Compute the summary of a scored file from its score columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, BoolArray, FloatArray
from aemodels.curves.canonical import CANONICAL
from aemodels.field.headers import contractor, unfamiliar_curves, well_key, year_of_logging
from aemodels.field.location import line_position, position
from aemodels.field.sketch import sketch_curve
from aemodels.field.summary import BIN_M, CurveSummary, FileSummary
from aemodels.signal.quality_rules import STUCK_CURVES, STUCK_SAMPLES, interpolated_samples
from aemodels.signal.runs import flat_runs, runs

MAD_TO_STD = 1.4826
Columns = Mapping[str, NDArray[Any]]
MAX_BINS = 1200  # 30 km


def summarise_well(columns: Columns, curves: Sequence[str], place: Mapping[str, Any]) -> FileSummary:
    """Summarise a scored well.

    Args:
        columns: "depth" float64[sample] (m), "score" float32[sample] with NaN if missing, "is_anomaly", "suspect",
            "judged" bool[sample], "reason" str[sample], and for each curve C "C", "C_DN" float32[sample] with NaN if
            missing and "BADLOG_C" bool[sample].
        curves: canonical names of the curves in `columns`.
        place: "sha256", "source", "bundle", "scores", "report", and "about" (from `describe_file`, {} if unknown).
    """
    depth = columns["depth"]
    lengths = sample_lengths(depth)
    about = place["about"]
    named = {str(name): [str(text) for text in told] for name, *told in about.get("curves", [])}
    summary = _common("logs", columns, lengths, place)
    return FileSummary(
        **summary,
        name=str(about.get("name") or columns.get("well", [""])[0] or PurePath(place["source"]).stem),
        top=round(float(depth[0]), 3),
        base=round(float(depth[-1]), 3),
        bad_hole=about.get("bad_hole_m"),
        curves=tuple(summarise_curve(name, columns, lengths, named.get(name, ())) for name in curves),
        others=tuple(CurveSummary(**one) for one in about.get("others", [])),
    )


def summarise_line(columns: Columns, place: Mapping[str, Any]) -> FileSummary:
    """Summarise a scored line.

    Args:
        columns: "trace" int64[trace], "cdp_x", "cdp_y" float64[trace], and the result columns as for `summarise_well`.
        place: as for `summarise_well`.
    """
    trace = columns["trace"]
    summary = _common("seismic", columns, np.ones(trace.size), place)
    east, north = columns["cdp_x"], columns["cdp_y"]
    known = np.flatnonzero(np.isfinite(east) & np.isfinite(north) & ((east != 0) | (north != 0)))
    if known.size:
        ends = [float(values[known[place]]) for place in (0, -1) for values in (east, north)]
        summary["position"] = line_position(ends, _angles(summary["findings"] or ()))
    name = str(place["about"].get("name") or PurePath(place["source"]).stem)
    return FileSummary(**summary, name=name, top=float(trace[0]), base=float(trace[-1]))


def summarise_curve(
    name: str, columns: Columns, lengths: NDArray[np.float64], named: Sequence[str] = ()
) -> CurveSummary:
    """Summarise one curve of a well.

    Args:
        name: canonical name.
        columns: as for `summarise_well`.
        lengths: float64[sample], metres that each sample stands for.
        named: its name in the file, and its tool; what is unknown is left out.
    """
    mnemonic, tool = (*named, "", "")[:2]
    values: FloatArray = columns[name]
    depth: AxisArray = columns["depth"]
    rows = np.isfinite(values)
    flagged = np.asarray(columns[f"BADLOG_{name}"], dtype=np.bool_) & columns["is_anomaly"]
    return replace(
        summarise_readings(name, (depth, values, lengths), flagged=flagged, mnemonic=mnemonic),
        noise=_noise(values[rows], columns[f"{name}_DN"][rows], log=CANONICAL[name].log) if rows.any() else 0.0,
        sketch=sketch_curve(depth, values),
        tool=tool,
    )


def summarise_readings(
    name: str,
    readings: tuple[AxisArray, FloatArray, NDArray[np.float64]],
    *,
    flagged: BoolArray,
    mnemonic: str = "",
) -> CurveSummary:
    """Summarise the readings of one curve of a well, but for its noise and its sketch.

    Args:
        name: canonical name, or the name in the file if there is none: then nothing can be outside or stuck.
        readings: depths float64[sample] in m, values float32[sample] with NaN if missing, and the metres that each
            sample stands for, float64[sample].
        flagged: bool[sample].
        mnemonic: its name in the file.
    """
    depth, values, lengths = readings
    seen = np.isfinite(values)
    rows = np.flatnonzero(seen)
    if not rows.size:
        return CurveSummary(name, mnemonic)
    inside = slice(int(rows[0]), int(rows[-1]) + 1)
    level = values[rows].astype(np.float64)
    log = name in CANONICAL and CANONICAL[name].log
    masks = _masks(name, values, seen, flagged)
    masked: dict[str, Any] = {key: _length(mask, lengths) for key, mask in masks.items()}
    return CurveSummary(
        name=name,
        mnemonic=mnemonic,
        top=round(float(depth[rows[0]]), 3),
        base=round(float(depth[rows[-1]]), 3),
        observed=_length(seen, lengths),
        gaps=len(runs(~seen[inside])),
        gap=_length(~seen[inside], lengths[inside]),
        median=round(float(np.median(_log10(level) if log else level)), 5),
        coverage=_coverage(depth[rows]),
        **masked,
    )


def _masks(name: str, values: FloatArray, seen: BoolArray, flagged: BoolArray) -> dict[str, BoolArray]:
    """Return what is flagged, outside, stuck, interpolated, doubtful and filled: bool[sample] each."""
    canonical = CANONICAL.get(name)
    outside = seen & ((values < canonical.low) | (values > canonical.high)) if canonical else np.zeros_like(seen)
    stuck, interpolated = np.zeros_like(seen), np.zeros_like(seen)
    if canonical and name in STUCK_CURVES:
        stuck = flat_runs(values, STUCK_SAMPLES)
        # without readings in another unit, beside which the others of the curve look straight
        plausible = np.where(flagged | outside, np.float32(np.nan), values)
        interpolated = interpolated_samples(plausible, stuck, log=canonical.log) & ~stuck
    doubtful = (stuck | outside) & ~flagged
    return {
        "flagged": flagged,
        "outside": outside,
        "stuck": stuck,
        "interpolated": interpolated,
        "doubtful": doubtful,
        "filled": interpolated & ~flagged & ~doubtful,
    }


def sample_lengths(depth: AxisArray) -> NDArray[np.float64]:
    """Return the metres that each sample stands for, the median step: float64[sample].

    >>> sample_lengths(np.array([0.0, 0.5, 1.0, 100.0])).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    if depth.size < 2:
        return np.zeros(depth.size)
    return np.full(depth.size, float(np.median(np.diff(depth))))


def _common(kind: str, columns: Columns, lengths: NDArray[np.float64], place: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that wells and lines share."""
    about = place["about"]
    headers = {str(key): str(value) for key, value in about.get("headers", {}).items()}
    flag: BoolArray = columns["is_anomaly"]
    name = str(about.get("name", ""))
    return {
        "kind": kind,
        **{key: place[key] for key in ("sha256", "source", "bundle", "scores", "report")},
        "scored": _length(np.isfinite(columns["score"]), lengths),
        "flagged": _length(flag, lengths),
        "suspect": _length(columns["suspect"] & ~flag, lengths),
        "not_judged": _length(~columns["judged"], lengths),
        "reasons": _by_reason(columns["reason"][flag], lengths[flag]),
        "findings": about.get("findings"),
        "unfamiliar": unfamiliar_curves(about.get("curves", [])),
        "contractor": contractor(headers),
        "year": year_of_logging(headers),
        "well_key": well_key(headers, name) if kind == "logs" else "",
        "position": position(headers, about.get("units", {})),
    }


def _angles(findings: Sequence[Sequence[str]]) -> str:
    """Return the unit of the coordinates of a line, if the reader found them to be angles."""
    return next((one[3].rpartition(": ")[2] for one in findings if one[1] == "coordinate-angles"), "")


def _by_reason(reasons: NDArray[Any], lengths: NDArray[np.float64]) -> dict[str, float]:
    names, codes = np.unique(reasons.astype(str), return_inverse=True)
    sums = np.bincount(codes, weights=lengths, minlength=names.size)
    order = np.argsort(-sums, kind="stable")
    return {str(names[one]) or "unknown": round(float(sums[one]), 3) for one in order}


def _length(mask: NDArray[Any], lengths: NDArray[np.float64]) -> float:
    return round(float(lengths[np.asarray(mask, dtype=np.bool_)].sum()), 3)


def _noise(values: FloatArray, denoised: FloatArray, *, log: bool) -> float:
    raw, clean = (_log10(values), _log10(denoised)) if log else (values, denoised)
    removed = np.abs(raw - clean)
    removed = removed[np.isfinite(removed)]
    low, high = np.percentile(raw[np.isfinite(raw)], [5, 95]) if np.isfinite(raw).any() else (0.0, 0.0)
    return round(MAD_TO_STD * float(np.median(removed)) / float(high - low), 5) if removed.size and high > low else 0.0


def _log10(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.log10(np.maximum(values.astype(np.float64), 1e-6))


def _coverage(depth: AxisArray) -> int:
    bins = np.unique(np.clip(depth // BIN_M, 0, MAX_BINS).astype(np.int64))
    return sum(1 << int(one) for one in bins)
