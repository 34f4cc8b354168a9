"""Two bundles with the same networks judged on wells that neither learned from: false alarms, and injected faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Recording
from aemodels.evaluate.detection.faulty_copies import make_faulty_copies
from aemodels.study.reviewed_wells import evaluate_well

COPIES = 2  # with injected faults, of each well
Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class JudgedWell:
    """A well or line that nobody reviewed: its false alarms, and faults injected into copies of it.

    Args:
        name: of the well.
        sha256: of its file.
        rows: depths or traces that count as clean.
        alarms_before, alarms_after: shares of them above the threshold.
        events: injected faults.
        found_before, found_after: of these, flagged.
    """

    name: str
    sha256: str
    rows: int
    alarms_before: float
    alarms_after: float
    events: int
    found_before: int
    found_after: int


@dataclass(frozen=True)
class Judgement:
    """Two bundles on the same wells.

    Args:
        wells: one by one.
        nominal: the rate of false alarms that was asked for.
        recall_before, recall_after: shares of the injected faults that would be flagged if the threshold were at that
            rate in these wells: whether the scores tell faults from clean readings better, at equal false alarms.
    """

    wells: tuple[JudgedWell, ...]
    nominal: float
    recall_before: float
    recall_after: float


def judge(before: Bundle, after: Bundle, recordings: Sequence[Recording]) -> Judgement:
    """Judge two bundles that differ in levels and weights alone.

    Args:
        before: with the networks of `after`.
        after: to be judged.
        recordings: wells or lines that neither was fitted to.
    """
    found = [_scored(before, after, recording) for recording in recordings]
    wells = tuple(_well(recording, *pairs) for recording, pairs in zip(recordings, found, strict=True))
    nominal = before.spec.anomalies.chosen_threshold.nominal_rate
    recalls = []
    for number in range(2):
        clean = np.concatenate([clean[number] for clean, _ in found])
        peaks = np.concatenate([peaks[number] for _, peaks in found])
        level = np.quantile(clean, 1 - nominal) if clean.size else 1.0
        recalls.append(float((peaks > level).mean()) if peaks.size else 0.0)
    return Judgement(wells, nominal, *recalls)


def _well(recording: Recording, clean: Pair, peaks: Pair) -> JudgedWell:
    shares = [float((rows > 1).mean()) if rows.size else 0.0 for rows in clean]
    return JudgedWell(
        name=recording.name,
        sha256=recording.source.sha256,
        rows=clean[0].size,
        alarms_before=shares[0],
        alarms_after=shares[1],
        events=peaks[0].size,
        found_before=int((peaks[0] > 1).sum()),
        found_after=int((peaks[1] > 1).sum()),
    )


def _scored(before: Bundle, after: Bundle, recording: Recording) -> tuple[Pair, Pair]:
    """Return the scores of clean rows and the highest ones of injected faults by both, in units of their thresholds.

    A fault that a quality rule flags has an infinite one.
    """
    well = evaluate_well(before, recording)
    clean = well.units(before).max(axis=0)[well.clean], well.units(after).max(axis=0)[well.clean]
    peaks: tuple[list[float], list[float]] = [], []
    for copy in make_faulty_copies(before.spec, [well.recording], before.normaliser, repeats=COPIES):
        faulty = evaluate_well(before, copy.recording)
        by_rule = faulty.by_rule.any(axis=0)
        for own, bundle in zip(peaks, (before, after), strict=True):
            rows = np.where(by_rule, np.inf, faulty.units(bundle).max(axis=0))
            own += [float(rows[samples].max(initial=0)) for _, samples in copy.events]
    return clean, (np.array(peaks[0], dtype=np.float32), np.array(peaks[1], dtype=np.float32))
