"""Recordings with injected faults, made once and scored once by each detector."""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Recording, Section
from aemodels.detect.base import Detector, Explainer, Reasons, row_scores
from aemodels.detect.fusion.calibration_set import intact
from aemodels.detect.thresholds import ThresholdBase
from aemodels.faults import FaultEvent, Injection, inject, row_label
from aemodels.signal.adjoining_sections import join_adjoining, normalise_adjoining
from aemodels.signal.normalise import Normaliser

if TYPE_CHECKING:
    from aemodels.experiment.spec import ExperimentSpec

# Injections for the choice of a detector; the hold-out gets as many as the specification asks for.
VALIDATION_REPEATS = 5
MAX_REPEATS = 100


@dataclass(frozen=True, eq=False)
class FaultyCopy:
    """A faulty copy of a recording.

    Args:
        name: of the well or line section.
        recording: with faults, in canonical units; of a well the experiment's curves only.
        section: the same, normalised.
        label: bool[row], a depth sample or a trace with any altered value.
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
        """bool[row], rows that are known to be so; what is neither altered nor intact counts for nothing."""
        return self.clean_before & ~self.label

    @property
    def with_unaltered_as_clean(self) -> FaultyCopy:
        """The same, with every row that no fault altered taken for intact."""
        return dataclasses.replace(self, clean_before=np.ones_like(self.clean_before))

    def rows_of(self, kind: str) -> BoolArray:
        """bool[row], rows that events of a kind altered."""
        mask = np.zeros_like(self.label)
        for name, rows in self.events:
            if name == kind:
                mask[rows] = True
        return mask


@dataclass(frozen=True, eq=False)
class ScoredCopy:
    """What one detector gave for one trial: row scores float32[row], and its reasons where it has any."""

    faulty_copy: FaultyCopy
    rows: FloatArray
    reasons: Reasons | None


def make_faulty_copies(
    spec: ExperimentSpec, recordings: Sequence[Recording], normaliser: Normaliser, *, repeats: int, events: int = 0
) -> list[FaultyCopy]:
    """Inject faults into every recording, again and again.

    Args:
        spec: kinds, share of faulty rows and seed.
        recordings: intact, in canonical units.
        normaliser: of the experiment.
        repeats: injections into each recording at least.
        events: injections go on until every kind that was placed at all has so many (MAX_REPEATS at most).
    """
    copies: list[FaultyCopy] = []
    sound = clean_rows(normalise_adjoining(normaliser, recordings), spec.kind)
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
        copies += [_faulty_copy(*parts) for parts in zip(injections, sections, sound, strict=True)]
    return copies


def _seed(spec: ExperimentSpec, repeat: int, recording: Recording) -> list[int]:
    return [spec.seed, 2, repeat, zlib.crc32(recording.name.encode())]


def _inject(spec: ExperimentSpec, recording: Recording, rng: np.random.Generator) -> Injection:
    return inject(recording, spec.anomalies.faults, fraction=spec.anomalies.fraction, rng=rng)


def restrict_to_curves(recording: Recording, curves: Sequence[str]) -> Recording:
    """A well with the given curves only: a fault of another one could not be seen. Lines stay as they are."""
    rows = [row for row, name in enumerate(recording.names) if name in curves]
    if recording.kind == "seismic" or not rows:
        return recording
    channels = tuple(recording.channels[row] for row in rows)
    return dataclasses.replace(recording, values=recording.values[rows], channels=channels)


def event_counts(copies: Sequence[FaultyCopy]) -> Counter[str]:
    """Events of each kind."""
    return Counter(kind for copy in copies for kind, _ in copy.events)


def score_copies(
    detector: Detector, copies: Sequence[FaultyCopy], kind: Kind, *, threshold: ThresholdBase, explain: bool
) -> list[ScoredCopy]:
    """Score every trial once; line sections that adjoin are scored as one panel.

    Args:
        detector: fitted.
        copies: from `make_faulty_copies`.
        kind: logs or seismic.
        threshold: says how a well's scores are made comparable.
        explain: whether reasons are wanted as well.
    """
    found: list[ScoredCopy] = []
    for panel, places in join_adjoining([copy.section for copy in copies]):
        rows = row_scores(detector.score(panel), kind)
        reasons = detector.reasons(panel) if explain and isinstance(detector, Explainer) else None
        for copy, part in zip(copies[len(found) :], _row_parts(places, kind), strict=False):
            own = rows[part]
            named = reasons and Reasons(reasons.kinds, reasons.score[:, part])
            found.append(ScoredCopy(copy, threshold.comparable(own, own), named))
    return found


def section_scores(detector: Detector, sections: Sequence[Section], kind: Kind) -> list[FloatArray]:
    """Row scores of each section, line sections that adjoin scored as one panel: float32[row] each."""
    found: list[FloatArray] = []
    for panel, places in join_adjoining(sections):
        rows = row_scores(detector.score(panel), kind)
        found += [rows[part] for part in _row_parts(places, kind)]
    return found


def _row_parts(places: Sequence[slice], kind: Kind) -> list[slice]:
    """The rows of each section in its panel's scores: its traces, or all depths of the well that it is."""
    return list(places) if kind == "seismic" else [slice(None)]


def clean_rows(sections: Sequence[Section], kind: Kind) -> list[BoolArray]:
    """bool[row] of each section: what may stand for intact, see FaultyCopy."""
    return [np.asarray(intact(section, kind).any(axis=0 if kind == "logs" else 1)) for section in sections]


def _faulty_copy(injection: Injection, section: Section, sound: BoolArray) -> FaultyCopy:
    recording = injection.recording
    label = row_label(injection)
    places: Mapping[str, int] = {name: row for row, name in enumerate(recording.names)}
    events = tuple((event.kind, _rows(event, recording, places, label)) for event in injection.events)
    return FaultyCopy(recording.name, recording, section, label, sound, events)


def _rows(event: FaultEvent, recording: Recording, places: Mapping[str, int], label: BoolArray) -> IntArray:
    if recording.kind == "seismic":
        return np.array(sorted(places[name] for name in event.channels), dtype=np.int64)
    return event.start + np.flatnonzero(label[event.start : event.stop])
