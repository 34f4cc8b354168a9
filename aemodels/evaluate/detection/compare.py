"""Comparing detectors on injected faults, and measuring what thresholds really promise."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.detect.base import DetectContext, Detector, apart_of
from aemodels.evaluate.detection.bad_hole_table import bad_hole_table
from aemodels.evaluate.detection.faulty_copies import (
    VALIDATION_REPEATS,
    FaultyCopy,
    ScoredCopy,
    clean_rows,
    make_faulty_copies,
    score_copies,
    section_scores,
)
from aemodels.evaluate.detection.leave_one_kind_out import leave_one_kind_out_table
from aemodels.evaluate.detection.recall_by_fault import TOTALS, confusion_table, fault_recall_table
from aemodels.evaluate.statistics.bootstrap import ratio_interval
from aemodels.evaluate.statistics.metrics import ranking

if TYPE_CHECKING:
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import ExperimentSpec


@dataclass(frozen=True, eq=False)
class DetectorStudy:
    """Detectors compared.

    Args:
        detectors: fitted, by name.
        table: detector, role (validation or test), section, pr_auc, roc_auc, recall_at_1pct (means over injections).
        totals: a row a detector and group of kinds (found.TOTALS), of the hold-out (`fault_recall_table`).
        all_rows: the same where straight lines that wells have of their own count as intact, and finding one as an
            alarm.
        kinds: a row a detector and fault kind, of the hold-out (`fault_recall_table`).
        thresholds: detector, threshold_kind, value, nominal, pooled with its interval over wells, worst: false-alarm
            rates on the intact rows of the clean hold-out, and the rows they were counted on; flagged and
            flagged_worst, the shares of all rows as they came.
        confusion: detector, fault, named, events: how found events are named.
        leave_one_kind_out: recall of fault kinds by detectors trained without them (`leave_one_kind_out_table`);
            empty unless requested.
        bad_hole: real bad hole of the hold-out (`bad_hole_table`); empty for seismic.
        winner: the detector with the best median PR-AUC on validation sections, ties by the mean.
        threshold: of the winner, of the kind that the spec names.
        test_scores: row scores of the clean hold-out by detector, one array a section.
    """

    detectors: Mapping[str, Detector]
    table: pd.DataFrame
    totals: pd.DataFrame
    all_rows: pd.DataFrame
    kinds: pd.DataFrame
    thresholds: pd.DataFrame
    confusion: pd.DataFrame
    leave_one_kind_out: pd.DataFrame
    bad_hole: pd.DataFrame
    winner: str
    threshold: float
    test_scores: Mapping[str, Sequence[FloatArray]]


def compare_detectors(spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser]) -> DetectorStudy:
    """Fit every detector on clean training sections, choose on faulty validation, report on faulty and clean test."""
    context = _context(spec, prepared, denoisers)
    copies_by_role = _faulty_copies(spec, prepared)
    detectors = fit_detectors(spec, prepared.train, context)
    sound = {role: clean_rows(getattr(prepared, role), spec.kind) for role in ("train", "validation", "test")}
    ranked, found, every, confusion, rates, clean, tested = [], [], [], [], [], {}, {}
    for name, detector in detectors.items():
        for role, copies in copies_by_role.items():
            threshold, explain = spec.anomalies.chosen_threshold, role == "test"
            scored = score_copies(detector, copies, spec.kind, threshold=threshold, explain=explain)
            ranked.append(_ranked(name, role, scored))
        tested[name] = scored
        found.append(fault_recall_table(name, scored))
        as_it_came = [
            dataclasses.replace(item, faulty_copy=item.faulty_copy.with_unaltered_as_clean) for item in scored
        ]
        every.append(fault_recall_table(name, as_it_came, by_kind=False))
        confusion.append(confusion_table(name, scored))
        clean[name] = section_scores(detector, prepared.test, spec.kind)
        fitted_to = _intact_rows(spec, detector, prepared, sound)
        rates += _false_alarms(spec, name, fitted_to, clean[name], sound["test"])
    table, thresholds = pd.concat(ranked, ignore_index=True), pd.DataFrame(rates)
    winner, faults = _winner(table), pd.concat(found, ignore_index=True)
    whole = faults["fault"].isin(TOTALS)
    chosen = thresholds[(thresholds["detector"] == winner) & (thresholds["threshold_kind"] == spec.anomalies.threshold)]
    return DetectorStudy(
        detectors=detectors,
        table=table,
        totals=faults[whole].reset_index(drop=True),
        all_rows=pd.concat(every, ignore_index=True),
        kinds=faults[~whole].reset_index(drop=True),
        thresholds=thresholds,
        confusion=pd.concat(confusion, ignore_index=True),
        leave_one_kind_out=leave_one_kind_out_table(spec, context, prepared.train, detectors, tested),
        bad_hole=bad_hole_table(detectors, clean, prepared.split.test, prepared.test, curves=spec.curves),
        winner=winner,
        threshold=float(chosen["value"].iloc[0]),
        test_scores=clean,
    )


def fit_detectors(spec: ExperimentSpec, train: Sequence[Section], context: DetectContext) -> dict[str, Detector]:
    """Every detector of the experiment, in its order; those made of others are given what is fitted already."""
    fitted = dict(context.fitted)
    for named in spec.anomalies.detectors:
        fitted[named.name] = named.model.fit(train, dataclasses.replace(context, fitted=dict(fitted)))
    return fitted


def _context(spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser]) -> DetectContext:
    return DetectContext(
        kind=spec.kind,
        seed=spec.seed,
        denoisers=denoisers,
        recordings=tuple(prepared.split.train),
        validation=tuple(prepared.validation),
        normaliser=prepared.normaliser,
        faults=tuple(spec.anomalies.faults_for_training),
        calibration=tuple(prepared.split.validation),
        specs={named.name: named.model for named in spec.anomalies.detectors},
    )


def _faulty_copies(spec: ExperimentSpec, prepared: Prepared) -> dict[str, list[FaultyCopy]]:
    """Faulty copies by role, the test last."""
    asked, split = spec.anomalies, prepared.split
    few = min(asked.repeats, VALIDATION_REPEATS)
    return {
        "validation": make_faulty_copies(spec, split.validation, prepared.normaliser, repeats=few),
        "test": make_faulty_copies(spec, split.test, prepared.normaliser, repeats=asked.repeats, events=asked.events),
    }


def _ranked(name: str, role: str, scored: Sequence[ScoredCopy]) -> pd.DataFrame:
    rows = [{"section": item.faulty_copy.name} | _ranking(item) for item in scored]
    means = pd.DataFrame(rows).groupby("section", sort=False).mean().reset_index()
    means.insert(0, "detector", name)
    means.insert(1, "role", role)
    return means


def _ranking(item: ScoredCopy) -> dict[str, float]:
    known = item.faulty_copy.label | item.faulty_copy.clean
    return ranking(item.rows[known], item.faulty_copy.label[known])


def _intact_rows(
    spec: ExperimentSpec, detector: Detector, prepared: Prepared, sound: Mapping[str, Sequence[BoolArray]]
) -> list[FloatArray]:
    """Scores to fit thresholds to: without straight lines, which are no rock.

    Of the validation sections, and of training sections where the detector can judge them as new ones.
    """
    rows = []
    for one, section in zip(apart_of(detector, prepared.train), prepared.train, strict=False):
        rows += section_scores(one, [section], spec.kind)
    kept = [*sound["train"][: len(rows)], *sound["validation"]]
    rows += section_scores(detector, prepared.validation, spec.kind)
    return [np.where(keep, row, np.nan).astype(np.float32) for row, keep in zip(rows, kept, strict=True)]


def _false_alarms(
    spec: ExperimentSpec,
    name: str,
    validation: Sequence[FloatArray],
    test: Sequence[FloatArray],
    sound: Sequence[BoolArray],
) -> list[dict[str, object]]:
    """Nominal rate of every threshold beside the rate on the clean hold-out, pooled and of the worst section."""
    rows: list[dict[str, object]] = []
    for threshold in spec.anomalies.thresholds_at_rate:
        value = threshold.fit(validation)
        compared = [threshold.comparable(section, section) for section in test]
        every = [section[np.isfinite(section)] > value for section in compared]
        flags = [section[np.isfinite(section) & keep] > value for section, keep in zip(compared, sound, strict=True)]
        every, flags = ([section for section in found if section.size] for found in (every, flags))
        if not flags:
            raise SpecError("no row of the hold-out could be scored; expected observed samples in test sections")
        worst = max(flags, key=lambda section: float(section.mean()))
        pooled = ratio_interval([float(section.sum()) for section in flags], [float(s.size) for s in flags])
        rows.append(
            {
                "detector": name,
                "threshold_kind": threshold.label,
                "value": value,
                "nominal": threshold.nominal,
                "pooled": pooled.mean,
                "worst": float(worst.mean()),
                "pooled_rows": sum(section.size for section in flags),
                "worst_rows": worst.size,
                "pooled_low": pooled.low,
                "pooled_high": pooled.high,
                "flagged": float(np.concatenate(every).mean()),
                "flagged_worst": max(float(section.mean()) for section in every),
            }
        )
    return rows


def _winner(table: pd.DataFrame) -> str:
    ranked = table[table["role"] == "validation"].groupby("detector", sort=False)["pr_auc"].agg(["median", "mean"])
    if ranked["median"].isna().all():
        raise SpecError("no detector has a PR-AUC on the validation sections; expected injected faults in them")
    return str(ranked.sort_values(["median", "mean"], ascending=False, kind="stable").index[0])
