"""Comparing detectors on injected faults, and measuring what thresholds really promise."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aemodels.contract import Denoiser
from aemodels.detect.base import DetectContext, Detector, row_scores
from aemodels.errors import SpecError
from aemodels.evaluate.metrics import ranking
from aemodels.faults import inject, row_label
from aemodels.types import BoolArray, FloatArray, Recording

if TYPE_CHECKING:
    from aemodels.experiment import ExperimentSpec
    from aemodels.study import Prepared


@dataclass(frozen=True, eq=False)
class DetectorStudy:
    """Detectors compared.

    Args:
        detectors: fitted, by name.
        table: detector, role (validation or test), section, pr_auc, roc_auc, recall_at_1pct (means over injections).
        kinds: detector, fault, events, recall: share of the fault's rows found at 1 % false alarms, test sections.
        thresholds: detector, threshold_kind, value, nominal, pooled, worst: false-alarm rates on the clean hold-out.
        winner: the detector with the best median PR-AUC on validation sections.
        threshold: of the winner, of the kind that the spec names.
        test_scores: row scores of the clean hold-out by detector, one array a section.
    """

    detectors: Mapping[str, Detector]
    table: pd.DataFrame
    kinds: pd.DataFrame
    thresholds: pd.DataFrame
    winner: str
    threshold: float
    test_scores: Mapping[str, Sequence[FloatArray]]


@dataclass(frozen=True, eq=False)
class _Faulty:
    recording: Recording
    label: BoolArray
    kinds: Mapping[str, BoolArray]
    events: Mapping[str, int]


def compare_detectors(spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser]) -> DetectorStudy:
    """Fit every detector on clean training sections, choose on faulty validation, report on faulty and clean test."""
    context = DetectContext(
        kind=spec.kind,
        seed=spec.seed,
        denoisers=denoisers,
        recordings=tuple(prepared.split.train),
        validation=tuple(prepared.validation),
        normaliser=prepared.normaliser,
        faults=tuple(spec.anomalies.faults),
    )
    faulty = {
        role: [_faulty(spec, r, n) for r in getattr(prepared.split, role) for n in range(spec.anomalies.repeats)]
        for role in ("validation", "test")
    }
    detectors, rows, kinds, rates, clean = {}, [], [], [], {}
    for named in spec.anomalies.detectors:
        detector = named.model.fit(prepared.train, context)
        detectors[named.name] = detector
        for role, recordings in faulty.items():
            scores = [_row_scores(spec, prepared, detector, f.recording) for f in recordings]
            for item, score in zip(recordings, scores, strict=True):
                rows.append(
                    {"detector": named.name, "role": role, "section": item.recording.name} | ranking(score, item.label)
                )
        kinds += _recall_by_kind(named.name, faulty["test"], scores)
        validation = [row_scores(detector.score(s), spec.kind) for s in prepared.validation]
        clean[named.name] = [row_scores(detector.score(s), spec.kind) for s in prepared.test]
        rates += _false_alarms(spec, named.name, validation, clean[named.name])
    table = pd.DataFrame(rows).groupby(["detector", "role", "section"], sort=False).mean().reset_index()
    thresholds = pd.DataFrame(rates)
    winner = _winner(table)
    chosen = thresholds[(thresholds["detector"] == winner) & (thresholds["threshold_kind"] == spec.anomalies.threshold)]
    return DetectorStudy(
        detectors=detectors,
        table=table,
        kinds=pd.DataFrame(kinds),
        thresholds=thresholds,
        winner=winner,
        threshold=float(chosen["value"].iloc[0]),
        test_scores=clean,
    )


def _faulty(spec: ExperimentSpec, recording: Recording, repeat: int) -> _Faulty:
    rng = np.random.default_rng([spec.seed, 2, repeat, zlib.crc32(recording.name.encode())])
    injection = inject(recording, spec.anomalies.faults, fraction=spec.anomalies.fraction, rng=rng)
    label = row_label(injection)
    masks: dict[str, BoolArray] = {}
    events: dict[str, int] = {}
    for event in injection.events:
        mask = masks.setdefault(event.kind, np.zeros_like(label))
        place = (
            slice(event.start, event.stop)
            if spec.kind == "logs"
            else [recording.names.index(name) for name in event.channels]
        )
        mask[place] = True
        events[event.kind] = events.get(event.kind, 0) + 1
    return _Faulty(injection.recording, label, {kind: mask & label for kind, mask in masks.items()}, events)


def _row_scores(spec: ExperimentSpec, prepared: Prepared, detector: Detector, recording: Recording) -> FloatArray:
    return row_scores(detector.score(prepared.normaliser.apply(recording)), spec.kind)


def _recall_by_kind(name: str, faulty: Sequence[_Faulty], scores: Sequence[FloatArray]) -> list[dict[str, object]]:
    """Recall of every fault kind at the pooled threshold that flags 1 % of the intact rows."""
    joined = np.nan_to_num(np.concatenate(list(scores)), nan=-np.inf)
    label = np.concatenate([item.label for item in faulty])
    threshold = np.quantile(joined[~label], 0.99, method="higher")
    rows: list[dict[str, object]] = []
    for kind in sorted({kind for item in faulty for kind in item.kinds}):
        mask = np.concatenate([item.kinds.get(kind, np.zeros_like(item.label)) for item in faulty])
        recall = float(np.mean(joined[mask] > threshold))
        events = sum(item.events.get(kind, 0) for item in faulty)
        rows.append({"detector": name, "fault": kind, "events": events, "recall_at_1pct": recall})
    return rows


def _false_alarms(
    spec: ExperimentSpec, name: str, validation: Sequence[FloatArray], test: Sequence[FloatArray]
) -> list[dict[str, object]]:
    """Nominal rate of every threshold beside the rate on the clean hold-out, pooled and of the worst section."""
    rows: list[dict[str, object]] = []
    for threshold in spec.anomalies.thresholds:
        value = threshold.fit(validation)
        flags = [section[np.isfinite(section)] > value for section in test]
        flags = [section for section in flags if section.size]
        if not flags:
            raise SpecError("no row of the hold-out could be scored; expected observed samples in test sections")
        rows.append(
            {
                "detector": name,
                "threshold_kind": threshold.kind,
                "value": value,
                "nominal": threshold.nominal,
                "pooled": float(np.concatenate(flags).mean()),
                "worst": max(float(section.mean()) for section in flags),
            }
        )
    return rows


def _winner(table: pd.DataFrame) -> str:
    medians = table[table["role"] == "validation"].groupby("detector")["pr_auc"].median()
    if medians.isna().all():
        raise SpecError("no detector has a PR-AUC on the validation sections; expected injected faults in them")
    return str(medians.idxmax())
