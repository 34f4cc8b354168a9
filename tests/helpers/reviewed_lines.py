"""Lines with planted faults, a detector whose threshold is too low, and a reviewer who knows the truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Scores
from aemodels.faults import Noisy, inject
from aemodels.review.document import Review, TraceDecision
from aemodels.signal.runs import runs
from helpers.cheap_bundle import cheap_line_bundle
from helpers.recordings import make_line
from helpers.reviewed_wells import FaultyWell

TRACES = 120


def biased_line_bundle(factor: float) -> Bundle:
    """A bundle without networks whose threshold is too low by a factor, as for lines noisier than those of training."""
    bundle = cheap_line_bundle()
    return dataclasses.replace(bundle, threshold=bundle.threshold / factor, suspect_threshold=None)


def faulty_lines(count: int, *, seed: int) -> list[FaultyWell]:
    """Generated lines with noisy traces."""
    lines = []
    for number in range(seed, seed + count):
        clean = make_line(f"L-{number}", seed=number, traces=TRACES)
        lines.append(inject(clean, (Noisy(),), fraction=0.04, rng=np.random.default_rng(number)))
    return [FaultyWell(injection.recording, injection) for injection in lines]


def faulty_traces(line: FaultyWell) -> np.ndarray:
    """bool[trace]."""
    return np.asarray(line.injection.label.any(axis=1))


def true_line_review(line: FaultyWell, scores: Scores) -> Review:
    """The review of somebody who accepts ranges with a faulty trace and rejects others."""
    decisions = []
    for start, stop in runs(scores.is_anomaly):
        action = "accept" if faulty_traces(line)[start:stop].any() else "reject"
        flagged = {"flagged_first_trace": start, "flagged_last_trace": stop - 1}
        decisions.append(TraceDecision(action=action, first_trace=start, last_trace=stop - 1, **flagged))
    return Review(
        sondeflow_review=1,
        sha256=line.recording.source.sha256,
        well=line.recording.name,
        bundle="seismic 1",
        author="A",
        made_at=datetime(2026, 1, 31, tzinfo=UTC),
        decisions=tuple(decisions),
    )


def line_outcome(bundle: Bundle, lines: Sequence[FaultyWell]) -> tuple[int, float]:
    """Return the number of clean traces that are flagged, and the share of the faulty ones that are."""
    flags = [bundle.score(line.recording).is_anomaly for line in lines]
    faulty = [faulty_traces(line) for line in lines]
    wrong = sum(int((flag & ~bad).sum()) for flag, bad in zip(flags, faulty, strict=True))
    found = sum(int((flag & bad).sum()) for flag, bad in zip(flags, faulty, strict=True))
    return wrong, found / sum(int(bad.sum()) for bad in faulty)
