"""Wells and lines as a recalibration sees them: what the detector found, and the events that reviewers labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.judgement import flagged_by_rule, observed_depths
from aemodels.core.types import BoolArray, FloatArray, IntArray, Recording, Section
from aemodels.detect.fusion.calibration_set import MemberEvaluation, clean_samples, evaluate_members
from aemodels.detect.fusion.fusion import FusionDetector
from aemodels.review.labels import Label, WellLabels, as_one_fault
from aemodels.review.levels import GRID, Events
from aemodels.signal.bad_hole import with_bad_hole
from aemodels.signal.quality_rules import assess
from aemodels.signal.runs import runs


@dataclass(frozen=True, eq=False)
class EvaluatedWell:
    """A well or a line and what the networks of a bundle found in it, which its thresholds do not change.

    Args:
        recording: at the bundle's step.
        section: as the detector sees it, a well with its bad hole.
        found: scores of the members of a fusion, or those of any other detector, float32[curve, sample] of a well,
            float32[trace, 1] of a line.
        by_rule: bool[level, row], rows that a quality rule flags, whatever the threshold; a level is a curve of a well,
            and a line has one; a row is a depth or a trace.
        judged: bool[row], those whose score means anything.
    """

    recording: Recording
    section: Section
    found: MemberEvaluation | FloatArray
    by_rule: BoolArray
    judged: BoolArray

    @property
    def clean(self) -> BoolArray:
        """Rows whose flags are false alarms: bool[row], as `calibrate` counts them."""
        usable = clean_samples(self.section, self.recording.kind).any(axis=self._across)
        return np.asarray(usable & self.judged & ~self.by_rule.any(axis=0))

    @property
    def _across(self) -> int:
        return 0 if self.recording.kind == "logs" else 1

    def inside(self, label: Label) -> BoolArray:
        """Return the rows of a label, bool[row]."""
        if self.recording.kind == "logs":
            return label.rows(self.recording.axis)
        channels = enumerate(self.recording.channels)
        traces = np.array([channel.headers.get("trace", number) for number, channel in channels], dtype=np.float64)
        return np.asarray((traces > label.top_m) & (traces < label.base_m))

    def units(self, bundle: Bundle) -> FloatArray:
        """Return the scores by a bundle with these networks in units of its threshold, 0 if not judged or by a rule.

        Returns:
            float32[level, row]; above 1 = flagged by the detector.
        """
        if isinstance(self.found, MemberEvaluation):
            assert isinstance(bundle.detector, FusionDetector)
            scores = bundle.detector.levelled_scores_of(self.found, self.section)
        else:
            scores = self.found
        units = np.nan_to_num(bundle.on_threshold_scale(scores), nan=0.0) / bundle.threshold
        units = units if self.recording.kind == "logs" else units.T
        return np.where(self.judged & ~self.by_rule, units, 0).astype(np.float32)


def evaluate_well(bundle: Bundle, recording: Recording) -> EvaluatedWell:
    """Return a well or a line with what the networks of a bundle find in it."""
    even = bundle.at_step(recording)
    quality = assess(even)
    section, flags = bundle.detector_input(even, quality), bundle.rule_flags(quality, even)
    if even.kind == "logs":
        section = with_bad_hole(section, even)
        by_rule, judged = flagged_by_rule(flags, (len(bundle.curves), even.axis.size)), observed_depths(section)
    else:
        by_trace: dict[str, BoolArray] = {reason: np.asarray(flag.any(axis=1)) for reason, flag in flags.items()}
        by_rule = flagged_by_rule(by_trace, (len(even.channels),))[None]
        judged = np.asarray(section.mask.any(axis=1))
    detector = bundle.detector
    found = (
        evaluate_members(detector.members, section) if isinstance(detector, FusionDetector) else detector.score(section)
    )
    return EvaluatedWell(even, section, found, by_rule, judged)


@dataclass(frozen=True, eq=False)
class EventPlace:
    """Place of an event of a reviewed well or line.

    Args:
        rows: int64[row], depths of the interval, or its traces.
        curves: bool[level], the curves that it concerns; of a line its only level.
        fault: True for a fault, False for sound readings.
    """

    rows: IntArray
    curves: BoolArray
    fault: bool


def event_places(units: FloatArray, well: EvaluatedWell, labels: WellLabels, curves: Sequence[str]) -> list[EventPlace]:
    """Return the events of a reviewed well or line.

    Intervals that a quality rule flags are left out, as no threshold changes them. Where every flag of the well has a
    label, the peaks below the threshold that nobody added are sound readings: a reviewer has passed them.

    Args:
        units: from `EvaluatedWell.units`, by the bundle as it is.
        well: the well or line.
        labels: of the reviewers.
        curves: names of the levels.
    """
    known = np.zeros(units.shape[1], dtype=np.bool_)
    found = []
    for label in as_one_fault(labels.labels):
        inside = well.inside(label)
        known |= inside
        affected = np.array([label.concerns(curve) for curve in curves])
        if inside.any() and affected.any() and not well.by_rule[np.ix_(affected, inside)].any():
            found.append(EventPlace(np.flatnonzero(inside), affected, label.fault))
    passed = _unlabelled(units, known)
    return found + passed if all(units[:, place.rows].max() <= 1 for place in passed) else found


def _unlabelled(units: FloatArray, known: BoolArray) -> list[EventPlace]:
    """Return the intervals that any threshold of the grid could flag and that touch no label."""
    everywhere = np.ones(len(units), dtype=np.bool_)
    return [
        EventPlace(np.arange(start, stop), everywhere, fault=False)
        for start, stop in runs(units.max(axis=0) > GRID[0])
        if not known[max(start - 1, 0) : stop + 1].any()
    ]


def events_at(places: Sequence[EventPlace], units: FloatArray, number: int) -> Events:
    """Return the events of a well with their peaks in some scores.

    Args:
        places: from `event_places`.
        units: float32[level, row], scores in units of the threshold.
        number: of the well.
    """
    peaks = [np.where(place.curves, units[:, place.rows].max(axis=1), 0) for place in places]
    table = np.array(peaks, dtype=np.float32).reshape(len(places), len(units))
    faults = np.array([place.fault for place in places], dtype=np.bool_)
    return Events(table, faults, np.full(len(places), number, dtype=np.int64))
