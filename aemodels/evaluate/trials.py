"""Recordings with injected faults, made once and scored once by each detector."""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aemodels.detect.base import Detector, Explainer, Reasons, row_scores
from aemodels.detect.thresholds import ThresholdBase
from aemodels.faults import FaultEvent, inject, row_label
from aemodels.signal.normalise import Normaliser
from aemodels.types import BoolArray, FloatArray, IntArray, Kind, Recording, Section

if TYPE_CHECKING:
    from aemodels.experiment import AnomalySpec, ExperimentSpec

# Injections for the choice of a detector; the hold-out gets as many as the specification asks for.
CHOOSING_REPEATS = 5
MOST_REPEATS = 100


@dataclass(frozen=True, eq=False)
class Trial:
    """A faulty copy of a recording.

    Args:
        name: of the well or line section.
        recording: with faults, in canonical units; of a well the experiment's curves only.
        section: the same, normalised.
        label: bool[row], a depth sample or a trace with any altered value.
        events: kind and altered rows (int64) of each event.
    """

    name: str
    recording: Recording
    section: Section
    label: BoolArray
    events: tuple[tuple[str, IntArray], ...]

    def rows_of(self, kind: str) -> BoolArray:
        """bool[row], rows that events of a kind altered."""
        mask = np.zeros_like(self.label)
        for name, rows in self.events:
            if name == kind:
                mask[rows] = True
        return mask


@dataclass(frozen=True, eq=False)
class Scored:
    """What one detector gave for one trial: row scores float32[row], and its reasons where it has any."""

    trial: Trial
    rows: FloatArray
    reasons: Reasons | None


def make_trials(
    spec: ExperimentSpec, recordings: Sequence[Recording], normaliser: Normaliser, *, repeats: int, events: int = 0
) -> list[Trial]:
    """Inject faults into every recording, again and again.

    Args:
        spec: kinds, share of faulty rows and seed.
        recordings: intact, in canonical units.
        normaliser: of the experiment.
        repeats: injections into each recording at least.
        events: injections go on until every kind that was placed at all has so many (MOST_REPEATS at most).
    """
    trials: list[Trial] = []
    for repeat in range(max(repeats, MOST_REPEATS if events else 0)):
        if repeat >= repeats and min(event_counts(trials).values(), default=events) >= events:
            break
        for recording in recordings:
            rng = np.random.default_rng([spec.seed, 2, repeat, zlib.crc32(recording.name.encode())])
            trials.append(_trial(spec.anomalies, modelled(recording, spec.curves), normaliser, rng))
    return trials


def modelled(recording: Recording, curves: Sequence[str]) -> Recording:
    """A well with the given curves only: a fault of another one could not be seen. Lines stay as they are."""
    rows = [row for row, name in enumerate(recording.names) if name in curves]
    if recording.kind == "seismic" or not rows:
        return recording
    channels = tuple(recording.channels[row] for row in rows)
    return dataclasses.replace(recording, values=recording.values[rows], channels=channels)


def event_counts(trials: Sequence[Trial]) -> Counter[str]:
    """Events of each kind."""
    return Counter(kind for trial in trials for kind, _ in trial.events)


def score_trials(
    detector: Detector, trials: Sequence[Trial], kind: Kind, *, threshold: ThresholdBase, explain: bool
) -> list[Scored]:
    """Score every trial once.

    Args:
        detector: fitted.
        trials: from `make_trials`.
        kind: logs or seismic.
        threshold: says how a well's scores are made comparable.
        explain: whether reasons are wanted as well.
    """
    found = []
    for trial in trials:
        rows = row_scores(detector.score(trial.section), kind)
        reasons = detector.reasons(trial.section) if explain and isinstance(detector, Explainer) else None
        found.append(Scored(trial, threshold.comparable(rows, rows), reasons))
    return found


def _trial(anomalies: AnomalySpec, recording: Recording, normaliser: Normaliser, rng: np.random.Generator) -> Trial:
    injection = inject(recording, anomalies.faults, fraction=anomalies.fraction, rng=rng)
    label = row_label(injection)
    places: Mapping[str, int] = {name: row for row, name in enumerate(recording.names)}
    events = tuple((event.kind, _rows(event, recording, places, label)) for event in injection.events)
    return Trial(recording.name, injection.recording, normaliser.apply(injection.recording), label, events)


def _rows(event: FaultEvent, recording: Recording, places: Mapping[str, int], label: BoolArray) -> IntArray:
    if recording.kind == "seismic":
        return np.array(sorted(places[name] for name in event.channels), dtype=np.int64)
    return event.start + np.flatnonzero(label[event.start : event.stop])
