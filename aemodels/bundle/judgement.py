"""Judgement of the scores of a detector: depths that count, hints in bad hole, flags of rules, reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, FloatArray, Kind, Recording, Section
from aemodels.detect.base import FaultScores, no_fault_scores, row_scores
from aemodels.detect.interval_reasons import UNKNOWN, label_rows
from aemodels.monitoring.familiarity import Familiarity
from aemodels.signal.bad_hole import unreliable_depths
from aemodels.signal.noise_level import unusually_noisy

# Share of an unfamiliar well above which its scores mean nothing: five times what is promised on familiar ones.
MAX_UNFAMILIAR_SHARE = 0.05
HOLE_CURVES = ("RHOB", "NPHI", "PEF")  # measured by pads and sensors that need the wall
NOISE = "noise"  # reason where a curve's noise is far above that of the training wells
RULE_FACTOR = 2.0  # rows flagged by a quality rule score at least this many thresholds


def observed_depths(section: Section) -> BoolArray:
    """Return the depths at which any curve was observed, bool[sample]: one curve alone shows spikes and stuck tools."""
    return np.asarray(section.mask.any(axis=0))


def judged_depths(
    section: Section, found: FloatArray, threshold: float, familiarity: Familiarity | None
) -> tuple[BoolArray, tuple[Finding, ...]]:
    """Return the depths of a well whose scores mean something, bool[sample], and why others do not.

    Left out are depths without a curve, and whole wells that no training well is like if far more than
    the promised share of them would be flagged.

    Args:
        section: the well as the networks see it.
        found: scores of the detector, float32[curve, sample].
        threshold: higher scores are flagged.
        familiarity: descriptions of the training wells; None = every well is familiar.
    """
    judged = observed_depths(section)
    if familiarity is None or not judged.any():
        return judged, ()
    flagged = row_scores(found, "logs") > threshold
    # faults change levels and spreads too: a well is known by the depths that are not flagged
    distance = familiarity.distance(dataclasses.replace(section, mask=section.mask & ~flagged))
    if not distance > familiarity.limit:
        return judged, ()
    far = f"{distance:.1f} spreads from the nearest training well"
    usual = f"at most {familiarity.limit:.1f}"
    share = float(flagged[judged].mean())
    if share <= MAX_UNFAMILIAR_SHARE:
        remedy = "take the flags as hints; calibrate or train on wells of this basin"
        return judged, (Finding("warning", "unfamiliar", section.name, far, usual, remedy),)
    found_text = f"{far}, and {share:.0%} of the depths would be flagged"
    remedy = "calibrate or train on wells of this basin; what rules find is flagged"
    return np.zeros_like(judged), (Finding("warning", "not-judged", section.name, found_text, usual, remedy),)


def with_bad_hole_hints(
    found: FloatArray, recording: Recording, curves: Sequence[str], suspect_threshold: float
) -> FloatArray:
    """Return scores that make bad hole a hint: at least the softer threshold, on the curves that suffer from it.

    Caliper and density correction are no input of the detector. They say that a reading may be wrong, not that it is,
    so that they do not flag it.

    Args:
        found: scores of the detector, float32[curve, sample].
        recording: the well.
        curves: canonical names of the scored curves.
        suspect_threshold: the softer threshold.
    """
    enlarged = unreliable_depths(recording)
    if enlarged is None:
        return found
    rows = np.array([curve in HOLE_CURVES for curve in curves])
    hint = np.float32(np.nextafter(np.float32(suspect_threshold), np.float32(np.inf)))
    raised = np.fmax(found, hint)
    return np.where(rows[:, None] & enlarged & np.isfinite(found), raised, found).astype(np.float32)


def with_rule_flags(scores: FloatArray, flags: Mapping[str, BoolArray], threshold: float) -> FloatArray:
    """Raise the scores of samples or traces that a quality rule flags, float32 of the shape of the scores."""
    raised = np.fmax(scores, np.float32(RULE_FACTOR * threshold))
    return np.where(flagged_by_rule(flags, scores.shape), raised, scores).astype(np.float32)


def flagged_by_rule(flags: Mapping[str, BoolArray], shape: tuple[int, ...]) -> BoolArray:
    """Return what any quality rule flags, bool of the shape of the flags."""
    fired = np.zeros(shape, dtype=np.bool_)
    for flag in flags.values():
        fired |= flag
    return fired


def row_reasons(
    anomalous: BoolArray,
    flags: Mapping[str, BoolArray],
    fault_scores: FaultScores | None,
    noisy: BoolArray,
    kind: Kind,
) -> tuple[str, ...]:
    """Return the reason of each row, "" if it is not anomalous.

    Args:
        anomalous: bool[row].
        flags: of the quality rules, by reason.
        fault_scores: of the detector; None = it names no kinds.
        noisy: bool[row], rows with a curve far noisier than the training wells.
        kind: logs or seismic.
    """
    reasons = np.array(label_rows(fault_scores or no_fault_scores(anomalous.size), anomalous, kind), dtype=object)
    reasons[noisy & anomalous] = NOISE
    for reason, flag in flags.items():
        fired = flag.any(axis=0 if kind == "logs" else 1) & anomalous
        # a value outside the physical range has a cause, which the detector may have classified
        reasons[fired & ((reasons == UNKNOWN) | (reason != "range"))] = reason
    return tuple(reasons.tolist())


def noisy_depths(section: Section, usual_noise: NDArray[np.float32] | None, rows: int) -> BoolArray:
    """Return the rows with a curve far noisier than the training wells, bool[row]; none if that is not known."""
    if usual_noise is None:
        return np.zeros(rows, dtype=np.bool_)
    return np.asarray(unusually_noisy(section, usual_noise).any(axis=0))
