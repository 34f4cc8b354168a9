"""The recordings that a fusion is calibrated on: clean ones, and copies of them with known faults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Recording, Section
from aemodels.detect.base import (
    DetectContext,
    Detector,
    FaultScores,
    evaluate,
    out_of_fold_detectors,
)
from aemodels.detect.depth_shift.well_features import WellDetector, WellFeatures
from aemodels.detect.fault_network.features import straight_lines
from aemodels.detect.fusion.p_values import PValueScale
from aemodels.faults.inject import Injection, inject


@dataclass(frozen=True, eq=False)
class LabelledSection:
    """A section with faults at known places.

    Args:
        section: with faults.
        label: bool[channel, sample] (logs) or bool[trace, 1]: True = faulty.
        kinds: int64[row], number of the fault kind of a row's event, -1 = none.
        has_label: bool of the label's shape: observed, and either faulty or clean; a straight line that was in the
            well before is neither.
    """

    section: Section
    label: BoolArray
    kinds: IntArray
    has_label: BoolArray


@dataclass(frozen=True, eq=False)
class CalibrationCase:
    """A section to calibrate on.

    Args:
        members: detectors by name, none of them fitted to the section.
        section: without injected faults.
        recording: behind it, to inject faults into; None if unavailable.
    """

    members: Mapping[str, Detector]
    section: Section
    recording: Recording | None


@dataclass(frozen=True)
class CopyPlan:
    """Number and content of the faulty copies.

    Args:
        kinds: names of the faults, in the order of their numbers.
        copies: of each recording.
        fraction: share of a copy's rows that is faulty.
    """

    kinds: tuple[str, ...]
    copies: int
    fraction: float


@dataclass(frozen=True, eq=False)
class MemberEvaluation:
    """Scores of the members of a fusion in one section.

    Args:
        scores: of each member and of its components, "member:component"; each float32[channel, sample] (logs) or
            [trace, 1] (seismic).
        fault_scores: of those members that score any kind.
    """

    scores: Mapping[str, FloatArray]
    fault_scores: Sequence[FaultScores]


def member_of(component: str) -> str:
    """Return the member that a component, "member" or "member:component", belongs to."""
    return component.split(":", maxsplit=1)[0]


def evaluate_members(members: Mapping[str, Detector], section: Section) -> MemberEvaluation:
    """Return the scores of all members; every member is evaluated once."""
    scores: dict[str, FloatArray] = {}
    fault_scores = []
    features = WellFeatures(section)
    for name, member in members.items():
        found = member.evaluate_features(features) if isinstance(member, WellDetector) else evaluate(member, section)
        scores[name] = found.score
        scores |= {f"{name}:{component}": values for component, values in found.components.items()}
        if found.fault_scores is not None and found.fault_scores.kinds:
            fault_scores.append(found.fault_scores)
    return MemberEvaluation(scores, fault_scores)


def clean_samples(section: Section, kind: Kind) -> BoolArray:
    """Return the samples usable as clean reference, bool of the scores' shape.

    Without the straight lines of a well, which any field log has: they were not measured; and without bad hole and
    what reviewers call a fault, which are faults of the well's own. A rejected flag in bad hole is clean.
    """
    if kind == "seismic":
        return np.asarray(section.mask.any(axis=1, keepdims=True))
    return np.asarray(section.mask & section.good_hole & ~straight_lines(section).any(axis=0))


def neg_log10_p(scales: Mapping[str, PValueScale], scores: Mapping[str, FloatArray]) -> FloatArray:
    """Return -log10 p of each component, float32[component, channel, sample]; 0 if not scored."""
    return np.stack([np.nan_to_num(scale.transform(scores[name]), nan=0.0) for name, scale in scales.items()])


def out_of_fold_members(members: Mapping[str, Detector], train: Sequence[Section]) -> tuple[dict[str, Detector], ...]:
    """Return out-of-fold copies of all members, one mapping per training section; empty unless all support it."""
    found = [out_of_fold_detectors(member, train) for member in members.values()]
    return tuple(dict(zip(members, copies, strict=True)) for copies in zip(*found, strict=False))


def calibration_cases(
    members: Mapping[str, Detector],
    out_of_fold: Sequence[Mapping[str, Detector]],
    train: Sequence[Section],
    context: DetectContext,
) -> list[CalibrationCase]:
    """Return the sections to calibrate on: training sections with out-of-fold members, and validation sections.

    If there are neither, the training sections with the members that were fitted to them. Wells whose bad hole is not
    known are left out where others are: they are no reference for clean readings.

    Args:
        members: fitted, by name.
        out_of_fold: from `out_of_fold_members`.
        train: training sections.
        context: that the members were fitted with.
    """
    found = [
        CalibrationCase(copies, section, _recording(context.recordings, number))
        for number, (copies, section) in enumerate(zip(out_of_fold, train, strict=False))
        if number in reference_wells(train)
    ]
    found += [
        CalibrationCase(members, section, _recording(context.calibration, number))
        for number, section in enumerate(context.validation)
    ]
    return found or [CalibrationCase(members, section, None) for section in train]


def reference_wells(sections: Sequence[Section]) -> list[int]:
    """Return the numbers of the sections that clean readings may be taken from.

    All, but without those of other basins whose bad hole is not known.
    """
    return [number for number, section in enumerate(sections) if not section.basin or section.bad_hole is not None]


def _recording(recordings: Sequence[Recording], number: int) -> Recording | None:
    return recordings[number] if number < len(recordings) else None


def labelled_copies(
    context: DetectContext, case: CalibrationCase, plan: CopyPlan, rng: np.random.Generator
) -> list[LabelledSection]:
    """Return copies of a case's recording with faults injected; empty without a normaliser or an applicable fault."""
    normaliser, recording = context.normaliser, case.recording
    if normaliser is None or recording is None:
        return []
    clean = clean_samples(case.section, context.kind)
    usable = [fault for fault in context.combination_faults if fault.targets(recording)]
    copies = []
    for _ in range(plan.copies if usable else 0):
        injection = inject(recording, usable, fraction=plan.fraction, rng=rng)
        copy = _labelled(context, injection, normaliser.apply(injection.recording), plan.kinds)
        faulty = np.asarray(copy.label.any(axis=0 if context.kind == "logs" else 1, keepdims=True))
        copies.append(dataclasses.replace(copy, has_label=copy.has_label & (clean | faulty)))
    return copies


def _labelled(context: DetectContext, injection: Injection, section: Section, kinds: Sequence[str]) -> LabelledSection:
    names, logs = injection.recording.names, context.kind == "logs"
    by_trace: BoolArray = np.asarray(injection.label.any(axis=1, keepdims=True))
    label: BoolArray = _curve_label(context, injection, section) if logs else by_trace
    faulty: BoolArray = np.asarray(label.any(axis=0 if logs else 1))
    numbers = np.full(faulty.size, -1, dtype=np.int64)
    for event in injection.events:
        rows = np.arange(event.start, event.stop) if logs else np.array([names.index(name) for name in event.channels])
        if event.kind in kinds:
            numbers[rows] = list(kinds).index(event.kind)
    observed: BoolArray = section.mask if logs else np.asarray(section.mask.any(axis=1, keepdims=True))
    return LabelledSection(section, label, np.where(faulty, numbers, -1), observed)


def _curve_label(context: DetectContext, injection: Injection, section: Section) -> BoolArray:
    """Return bool[channel, sample] for the section's channels; all False for a curve that the well lacks."""
    label = np.zeros(section.values.shape, dtype=np.bool_)
    names = injection.recording.names
    for row, curve in enumerate(getattr(context.normaliser, "curves", names)):
        if curve in names:
            label[row] = injection.label[names.index(curve)]
    return label
