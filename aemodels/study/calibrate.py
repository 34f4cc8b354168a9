"""Calibration: thresholds of a bundle fitted again on wells or lines of one's own, its networks unchanged."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.judgement import observed_depths
from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, FloatArray, Recording, Section
from aemodels.detect.base import row_scores
from aemodels.detect.fusion.calibration_set import clean_samples
from aemodels.detect.thresholds import SUSPECT, Conformal, ThresholdBase
from aemodels.signal.bad_hole import with_bad_hole
from aemodels.signal.quality_rules import assess
from aemodels.signal.wells import well_keys
from aemodels.study.start import unseen

MIN_WELLS = 3
FEW_WELLS = 10  # with fewer, the threshold is about that of the worst of them
# A bundle has seen none of the wells, so that its scores there are those of new wells; in training, thresholds are
# fitted to wells scored out of fold by a part of the networks, whose scores are higher.
CONFIDENCE = 0.75


@dataclass(frozen=True)
class CalibrationWell:
    """False alarms of one well, as shares of its rows that count as clean.

    Args:
        name: of the well or line.
        sha256: of its file.
        rows: depths or traces counted.
        before: share above the bundle's threshold.
        after: share above a threshold fitted without this well.
        suspect_after: share above a softer threshold fitted without this well.
    """

    name: str
    sha256: str
    rows: int
    before: float
    after: float
    suspect_after: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibrated bundle with its evidence.

    Args:
        bundle: with the new thresholds; its networks are those of `source`.
        source: as it was.
        wells: false alarms well by well.
        findings: wells left out, and doubts.
    """

    bundle: Bundle
    source: Bundle
    wells: tuple[CalibrationWell, ...]
    findings: tuple[Finding, ...]

    @property
    def false_alarms(self) -> pd.DataFrame:
        """The rates of the new threshold, each well by one fitted without it, as `DetectorStudy.thresholds`."""
        counts = np.array([well.rows for well in self.wells])
        after = np.array([well.after for well in self.wells])
        worst = int(after.argmax())
        anomalies = self.bundle.spec.anomalies
        return pd.DataFrame(
            [
                {
                    "detector": self.bundle.detector_name,
                    "threshold_kind": anomalies.threshold,
                    "value": self.bundle.threshold,
                    "nominal": anomalies.chosen_threshold.nominal_rate,
                    "pooled": float(np.average(after, weights=counts)),
                    "worst": float(after[worst]),
                    "pooled_rows": int(counts.sum()),
                    "worst_rows": int(counts[worst]),
                }
            ]
        )


def calibrate(bundle: Bundle, recordings: Sequence[Recording]) -> Calibration:
    """Fit the thresholds of a bundle to recordings that it was not trained on.

    Rows that a quality rule flags, straight lines, bad hole by the caliper, and depths without a curve do not
    count: their flags do not depend on the threshold. Wells become familiar to the bundle, so that wells like them are
    judged.

    Args:
        bundle: a fitted one.
        recordings: at least three wells or lines of the bundle's kind, as representative of what is to be scored as
            can be had; a few faults in them do no harm, as each well counts by a quantile.

    Raises:
        DataError: if fewer than three wells or lines can be used.
    """
    usable, findings = usable_recordings(bundle, recordings)
    keys = well_keys(usable) if bundle.kind == "logs" else [recording.source.sha256 for recording in usable]
    prepared = [_detector_input(bundle, recording) for recording in usable]
    scores = [_clean_scores(bundle, section, counts) for section, counts in prepared]
    kept = [number for number, rows in enumerate(scores) if np.isfinite(rows).any()]
    if len({keys[number] for number in kept}) < MIN_WELLS:
        reasons = "".join(f"; {finding.where}: {finding.found}" for finding in findings[:3])
        raise DataError(
            f"{len(kept)} of {len(recordings)} recordings can be used to calibrate {bundle.name}; expected at least "
            f"{MIN_WELLS} {'wells' if bundle.kind == 'logs' else 'lines'} that it was not trained on{reasons}"
        )
    levels = bundle.spec.anomalies.levels
    flag, suspect = (_strict(levels[label]) for label in (bundle.spec.anomalies.threshold, SUSPECT))
    found = [scores[number] for number in kept]
    wells = []
    for number in kept:
        others = [scores[other] for other in kept if keys[other] != keys[number]]
        wells.append(_well(bundle, usable[number], scores[number], flag.fit(others), suspect.fit(others)))
    threshold = flag.fit(found)
    if len(kept) < FEW_WELLS:
        remedy = "calibrate on more wells as soon as there are some"
        what = f"{len(kept)} {'wells' if bundle.kind == 'logs' else 'lines'}"
        findings.append(Finding("warning", "few-wells", "calibration", what, f"at least {FEW_WELLS}", remedy))
    sections = [section for section, _ in prepared]
    calibrated = _calibrated(bundle, usable, sections, threshold, suspect.fit(found))
    return Calibration(calibrated, bundle, tuple(wells), tuple(findings))


def usable_recordings(bundle: Bundle, recordings: Sequence[Recording]) -> tuple[list[Recording], list[Finding]]:
    """Return the recordings that the bundle can score and was not trained on, and a finding for each of the others."""
    scorable: list[Recording] = []
    others = []
    for recording in recordings:
        if recording.kind == bundle.kind and (not bundle.curves or set(bundle.curves) & set(recording.names)):
            scorable.append(recording)
            continue
        found, expected = f"a {recording.kind} file with {', '.join(recording.names[:6])}", f"a {bundle.kind} file"
        others.append(Finding("warning", "left-out", recording.source.uri, found, expected, "give other files"))
    new, seen = unseen(bundle, scorable)
    return new, seen + others


def _detector_input(bundle: Bundle, recording: Recording) -> tuple[Section, BoolArray]:
    """Return a recording at the bundle's step as the detector sees it, and the rows that no quality rule flags."""
    even = bundle.at_step(recording)
    quality = assess(even)
    section = bundle.detector_input(even, quality)
    unflagged = np.ones(even.axis.size if bundle.kind == "logs" else len(even.channels), dtype=np.bool_)
    for flag in bundle.rule_flags(quality, even).values():
        unflagged &= ~flag.any(axis=_across(bundle))
    return with_bad_hole(section, even) if bundle.kind == "logs" else section, unflagged


def _clean_scores(bundle: Bundle, section: Section, unflagged: BoolArray) -> FloatArray:
    """Return the row scores of the detector, float32[row], NaN where a row does not count."""
    rows = row_scores(bundle.divided(bundle.detector.score(section)), bundle.kind)
    counts = unflagged & clean_samples(section, bundle.kind).any(axis=_across(bundle))
    if bundle.kind == "logs":
        counts &= observed_depths(section)
    return np.where(counts, rows, np.nan).astype(np.float32)


def _across(bundle: Bundle) -> int:
    """Return the axis of a score matrix that runs over the curves of a depth, or the samples of a trace."""
    return 0 if bundle.kind == "logs" else 1


def _strict(threshold: ThresholdBase) -> ThresholdBase:
    """Return the threshold with the confidence for wells that no network has seen."""
    if not isinstance(threshold, Conformal):
        return threshold
    return threshold.model_copy(update={"confidence": max(threshold.confidence, CONFIDENCE)})


def _well(
    bundle: Bundle, recording: Recording, scores: FloatArray, threshold: float, suspect: float
) -> CalibrationWell:
    counted = np.isfinite(scores)
    chosen = bundle.spec.anomalies.chosen_threshold
    rows = chosen.standardised(scores, scores)[counted]
    before, after, soft = (float((rows > level).mean()) for level in (bundle.threshold, threshold, suspect))
    return CalibrationWell(recording.name, recording.source.sha256, int(counted.sum()), before, after, soft)


def _calibrated(
    bundle: Bundle, recordings: Sequence[Recording], sections: Sequence[Section], threshold: float, suspect: float
) -> Bundle:
    """Return the bundle with other thresholds, to which the wells (sections as its detector sees them) are familiar."""
    return dataclasses.replace(
        bundle,
        threshold=threshold,
        suspect_threshold=min(suspect, threshold),
        familiarity=None if bundle.familiarity is None else bundle.familiarity.with_wells(sections),
        trained_on=tuple(sorted({*bundle.trained_on, *(recording.source.sha256 for recording in recordings)})),
    )
