"""Copies of recordings with injected faults, made once and scored once by each detector."""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Recording, Section
from aemodels.detect.base import Detector, Evaluation, FaultScores, evaluate, row_scores
from aemodels.detect.fusion.calibration_set import clean_samples
from aemodels.detect.thresholds import ThresholdBase
from aemodels.faults import FaultEvent, Injection, inject, row_label
from aemodels.signal.adjoining_sections import join_adjoining, normalise_adjoining
from aemodels.signal.normalise import Normaliser

if TYPE_CHECKING:
    from aemodels.experiment.spec import ExperimentSpec

VALIDATION_REPEATS = 5  # maximum of copies per section for choosing a detector; the hold-out has as many as specified
MAX_REPEATS = 100


@dataclass(frozen=True, eq=False)
class FaultyCopy:
    """A faulty copy of a recording.

    Args:
        name: of the well or line section.
        recording: with faults, in canonical units; a well has the experiment's curves only.
        section: the same, normalised.
        label: bool[row], depth samples or traces with any altered value.
        clean_before: bool[row], rows usable as clean before faults were injected: all but dead traces and the straight
            lines already in the recording, from a stuck tool or a gap filled by interpolation.
        events: kind and altered rows (int64) of each event.
    """

    name: str
    recording: Recording
    section: Section
    label: BoolArray
    clean_before: BoolArray
    events: tuple[tuple[str, IntArray], ...]

    @property
    def clean(self) -> BoolArray:
        """bool[row], clean rows; rows that are neither altered nor clean are ignored in the evaluation."""
        return self.clean_before & ~self.label

    @property
    def with_unaltered_as_clean(self) -> FaultyCopy:
        """Copy in which all rows that no fault altered count as clean."""
        return dataclasses.replace(self, clean_before=np.ones_like(self.clean_before))

    def rows_of(self, kind: str) -> BoolArray:
        """Return bool[row], the rows altered by events of a kind."""
        mask = np.zeros_like(self.label)
        for name, rows in self.events:
            if name == kind:
                mask[rows] = True
        return mask


@dataclass(frozen=True, eq=False)
class ScoredCopy:
    """Scores of one detector for one faulty copy: row scores float32[row], and scores of fault kinds if it has any."""

    faulty_copy: FaultyCopy
    rows: FloatArray
    fault_scores: FaultScores | None


def make_faulty_copies(
    spec: ExperimentSpec, recordings: Sequence[Recording], normaliser: Normaliser, *, repeats: int, events: int = 0
) -> list[FaultyCopy]:
    """Inject faults into several copies of every recording.

    Args:
        spec: kinds, share of faulty rows and seed.
        recordings: clean, in canonical units.
        normaliser: of the experiment.
        repeats: minimum of copies per recording.
        events: more copies are made, up to MAX_REPEATS, until each kind that was injected at all has this many events.
    """
    copies: list[FaultyCopy] = []
    clean = clean_rows(normalise_adjoining(normaliser, recordings), spec.kind)
    for repeat in range(max(repeats, MAX_REPEATS if events else 0)):
        if repeat >= repeats and min(event_counts(copies).values(), default=events) >= events:
            break
        injections = [
            _inject(
                spec, restrict_to_curves(recording, spec.curves), np.random.default_rng(_seed(spec, repeat, recording))
            )
            for recording in recordings
        ]
        sections = normalise_adjoining(normaliser, [injection.recording for injection in injections])
        copies += [_faulty_copy(*parts) for parts in zip(injections, sections, clean, strict=True)]
    return copies


def _seed(spec: ExperimentSpec, repeat: int, recording: Recording) -> list[int]:
    return [spec.seed, 2, repeat, zlib.crc32(recording.name.encode())]


def _inject(spec: ExperimentSpec, recording: Recording, rng: np.random.Generator) -> Injection:
    return inject(recording, spec.anomalies.faults, fraction=spec.anomalies.fraction, rng=rng)


def restrict_to_curves(recording: Recording, curves: Sequence[str]) -> Recording:
    """Return a well with the given curves only, as faults in others cannot be seen; lines are returned unchanged."""
    rows = [row for row, name in enumerate(recording.names) if name in curves]
    if recording.kind == "seismic" or not rows:
        return recording
    channels = tuple(recording.channels[row] for row in rows)
    return dataclasses.replace(recording, values=recording.values[rows], channels=channels)


def event_counts(copies: Sequence[FaultyCopy]) -> Counter[str]:
    """Count the events of each kind."""
    return Counter(kind for copy in copies for kind, _ in copy.events)


def score_copies(
    detector: Detector, copies: Sequence[FaultyCopy], kind: Kind, *, threshold: ThresholdBase, explain: bool
) -> list[ScoredCopy]:
    """Score every copy once; adjoining line sections are scored as one panel.

    Args:
        detector: fitted.
        copies: from `make_faulty_copies`.
        kind: logs or seismic.
        threshold: defines how scores are standardised per recording.
        explain: also score the fault kinds.
    """
    found: list[ScoredCopy] = []
    for panel, row_ranges in join_adjoining([copy.section for copy in copies]):
        evaluation = evaluate(detector, panel) if explain else Evaluation(detector.score(panel))
        rows, fault_scores = row_scores(evaluation.score, kind), evaluation.fault_scores
        for copy, part in zip(copies[len(found) :], _row_parts(row_ranges, kind), strict=False):
            own = rows[part]
            named = fault_scores and FaultScores(fault_scores.kinds, fault_scores.score[:, part])
            found.append(ScoredCopy(copy, threshold.standardised(own, own), named))
    return found


def section_scores(detector: Detector, sections: Sequence[Section], kind: Kind) -> list[FloatArray]:
    """Return the row scores of each section, float32[row]; adjoining line sections are scored as one panel."""
    found: list[FloatArray] = []
    for panel, row_ranges in join_adjoining(sections):
        rows = row_scores(detector.score(panel), kind)
        found += [rows[part] for part in _row_parts(row_ranges, kind)]
    return found


def _row_parts(row_ranges: Sequence[slice], kind: Kind) -> list[slice]:
    """Return the rows of each section in the scores of its panel: its traces, or all depths of a well."""
    return list(row_ranges) if kind == "seismic" else [slice(None)]


def clean_rows(sections: Sequence[Section], kind: Kind) -> list[BoolArray]:
    """Return bool[row] per section, the rows usable as clean (see `FaultyCopy.clean_before`)."""
    return [np.asarray(clean_samples(section, kind).any(axis=0 if kind == "logs" else 1)) for section in sections]


def _faulty_copy(injection: Injection, section: Section, clean_before: BoolArray) -> FaultyCopy:
    recording = injection.recording
    label = row_label(injection)
    indices: Mapping[str, int] = {name: row for row, name in enumerate(recording.names)}
    events = tuple((event.kind, _rows(event, recording, indices, label)) for event in injection.events)
    return FaultyCopy(recording.name, recording, section, label, clean_before, events)


def _rows(event: FaultEvent, recording: Recording, indices: Mapping[str, int], label: BoolArray) -> IntArray:
    if recording.kind == "seismic":
        return np.array(sorted(indices[name] for name in event.channels), dtype=np.int64)
    return event.start + np.flatnonzero(label[event.start : event.stop])
