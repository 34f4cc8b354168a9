"""Attention: the length of log that a person should look at, by which the files of a field are ranked.

Each contribution is a length, so that the sum can be checked against the report of the file: what is flagged counts
whole, hints and depths without a judgement count in part, since most of them are sound. Weights are choices, not fits.
"""

from __future__ import annotations

from collections.abc import Mapping

from aemodels.field.summary import CurveSummary, FileSummary

WEIGHTS = {
    "flagged": 1.0,  # per metre of each flagged curve, or per trace
    "suspect": 0.1,  # most are sound rock
    "doubtful": 0.5,
    "interpolated": 0.25,  # a filled gap, not a fault
    "gaps": 0.05,
    "not judged": 0.05,
}
PER_FINDING = {"error": 25.0, "warning": 2.0}  # m; a doubtful unit concerns a whole curve
MAX_FINDINGS = 50.0  # m, so that a long list of small doubts does not hide faults
# Distance of a curve's level from the other wells', in robust standard deviations, from which it adds its length in
# part: a unit or a tool that is wrong throughout has no edge to be flagged by.
DRIFTED = 4.0
DRIFT_WEIGHT = 0.1
MAX_DRIFT = 100.0  # m, since the rock of a well differs as well


def attention(file: FileSummary, drift: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the contributions to a file's attention, m (traces of a line), largest first, without those of zero.

    Args:
        file: its summary.
        drift: curve → distance of its level from the field's, see `aemodels.field.drift`.
    """
    curves = file.curves
    on_curves = sum(curve.flagged for curve in curves)
    parts = {
        "flagged": max(file.flagged, on_curves),
        "suspect": file.suspect,
        "doubtful": sum(curve.doubtful for curve in curves),
        "interpolated": sum(curve.filled for curve in curves),
        "gaps": sum(curve.gap for curve in curves),
        "not judged": file.not_judged,
    }
    out = {name: WEIGHTS[name] * length for name, length in parts.items()}
    findings = sum(weight * file.count(severity) for severity, weight in PER_FINDING.items())
    out["findings"] = min(MAX_FINDINGS, findings)
    out["drift"] = min(MAX_DRIFT, DRIFT_WEIGHT * sum(_drifted(curve, drift or {}) for curve in curves))
    return {
        name: round(value, 2) for name, value in sorted(out.items(), key=lambda item: -item[1]) if round(value, 2) > 0
    }


def _drifted(curve: CurveSummary, drift: Mapping[str, float]) -> float:
    return curve.observed if abs(drift.get(curve.name, 0.0)) >= DRIFTED else 0.0
