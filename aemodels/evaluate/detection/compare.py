"""Comparison of detectors on injected faults, and false-alarm rates of their thresholds on clean data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import Denoiser
from aemodels.core.progress import tell
from aemodels.core.stopping import check_stop
from aemodels.core.types import BoolArray, FloatArray, Recording, Section
from aemodels.detect.base import DetectContext, Detector, out_of_fold_detectors
from aemodels.detect.thresholds import SUSPECT
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
from aemodels.evaluate.detection.generalisation import (
    CHOOSING,
    COMBINATION_TOLERANCE,
    elsewhere_alarms,
    generalisation_table,
    make_cases,
    worse_than_members,
)
from aemodels.evaluate.detection.leave_one_kind_out import leave_one_kind_out_table
from aemodels.evaluate.detection.recall_by_fault import TOTALS, confusion_table, fault_recall_table
from aemodels.evaluate.statistics.bootstrap import ratio_interval
from aemodels.evaluate.statistics.metrics import ranking
from aemodels.signal.adjoining_sections import normalise_adjoining
from aemodels.signal.normalise import Normaliser
from aemodels.signal.sound_intervals import with_repeated_sound

if TYPE_CHECKING:
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import ExperimentSpec
    from aemodels.experiment.start import StartingPoint


@dataclass(frozen=True, eq=False)
class DetectorStudy:
    """Result of a comparison of detectors.

    Args:
        detectors: fitted, by name.
        table: detector, role (validation or test), section, pr_auc, roc_auc, recall_at_1pct (means over injections).
        totals: one row per detector and average over fault kinds (TOTALS), of the hold-out (`fault_recall_table`).
        all_rows: the same, but straight lines already in the recordings count as clean, so that flagging one is a
            false alarm.
        kinds: one row per detector and fault kind, of the hold-out (`fault_recall_table`).
        thresholds: one row per detector and threshold: detector, threshold_kind, value, nominal, then false-alarm rates
            on the clean rows of the clean hold-out (pooled with its interval over wells, and worst section) and the
            number of rows they were counted on; flagged and flagged_worst are the shares of all rows as recorded.
        confusion: detector, fault, named, events: reasons given to found events.
        leave_one_kind_out: recall of fault kinds by detectors trained without them (`leave_one_kind_out_table`);
            empty unless requested.
        bad_hole: ranking of real bad hole of the hold-out (`bad_hole_table`); empty for seismic.
        generalisation: figures on own and other faults and in other basins (`generalisation_table`).
        elsewhere_alarms: false alarms of the winner in every well of other basins (`elsewhere_alarms`).
        winner: the detector with the best median PR-AUC on validation sections; ties are broken by the mean. A fusion
            that is worse than its best member in any column of the table for choosing is not considered.
        threshold: value for the winner of the threshold that the specification selects.
        suspect_threshold: value for the winner of the softer threshold, for reviewers.
        test_scores: row scores of the clean hold-out by detector, one array per section.
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
    generalisation: pd.DataFrame
    elsewhere_alarms: pd.DataFrame
    winner: str
    threshold: float
    suspect_threshold: float
    test_scores: Mapping[str, Sequence[FloatArray]]


def compare_detectors(spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser]) -> DetectorStudy:
    """Fit all detectors on clean training sections, choose one on faulty validation copies, evaluate on the hold-out.

    Intervals that reviewers call sound are repeated in the training and validation wells, not in the hold-out.

    Args:
        spec: the experiment.
        prepared: its data.
        denoisers: fitted contenders, by name.

    Raises:
        SpecError: if no detector has a PR-AUC on the validation sections, or no row of the hold-out could be scored.
    """
    prepared = _with_negatives(spec, prepared)
    context = _context(spec, prepared, denoisers)
    copies_by_role = _faulty_copies(spec, prepared)
    detectors = fit_detectors(spec, prepared.detector_training, context, prepared.start)
    roles = ("detector_training", "validation", "test")
    clean_masks = {role: clean_rows(getattr(prepared, role), spec.kind) for role in roles}
    ranked, recall, recall_all_rows, confusion, rates = [], [], [], [], []
    clean_scores, tested = {}, {}
    for name, detector in detectors.items():
        tell("%s: scoring faulty copies and clean wells", name)
        for role, copies in copies_by_role.items():
            threshold, explain = spec.anomalies.chosen_threshold, role == "test"
            scored = score_copies(detector, copies, spec.kind, threshold=threshold, explain=explain)
            ranked.append(_ranked(name, role, scored))
        tested[name] = scored
        recall.append(fault_recall_table(name, scored))
        all_clean = [dataclasses.replace(item, faulty_copy=item.faulty_copy.with_unaltered_as_clean) for item in scored]
        recall_all_rows.append(fault_recall_table(name, all_clean, by_kind=False))
        confusion.append(confusion_table(name, scored))
        clean_scores[name] = section_scores(detector, prepared.test, spec.kind)
        fitted_to = threshold_scores(spec, detector, prepared, clean_masks)
        rates += _false_alarms(spec, name, fitted_to, clean_scores[name], clean_masks["test"])
    table, thresholds = pd.concat(ranked, ignore_index=True), pd.DataFrame(rates)
    tell("all detectors: other faults and other basins")
    generalisation = generalisation_table(spec, prepared, detectors, make_cases(spec, prepared))
    winner = _winner(table, exclude=worse_than_members(spec, generalisation, CHOOSING, COMBINATION_TOLERANCE))
    faults = pd.concat(recall, ignore_index=True)
    is_total = faults["fault"].isin(TOTALS)
    levels = thresholds[thresholds["detector"] == winner].set_index("threshold_kind")["value"]
    threshold_value = float(levels[spec.anomalies.threshold])
    return DetectorStudy(
        detectors=detectors,
        table=table,
        totals=faults[is_total].reset_index(drop=True),
        all_rows=pd.concat(recall_all_rows, ignore_index=True),
        kinds=faults[~is_total].reset_index(drop=True),
        thresholds=thresholds,
        confusion=pd.concat(confusion, ignore_index=True),
        leave_one_kind_out=leave_one_kind_out_table(spec, context, prepared.detector_training, detectors, tested),
        bad_hole=bad_hole_table(detectors, clean_scores, prepared.split.test, prepared.test, curves=spec.curves),
        generalisation=generalisation,
        elsewhere_alarms=elsewhere_alarms(spec, prepared, detectors[winner], threshold_value),
        winner=winner,
        threshold=threshold_value,
        suspect_threshold=min(float(levels[SUSPECT]), threshold_value),
        test_scores=clean_scores,
    )


def _with_negatives(spec: ExperimentSpec, prepared: Prepared) -> Prepared:
    """Return the data with what reviewers call sound repeated where detectors and thresholds are fitted."""
    if spec.kind != "logs":
        return prepared
    train, validation = with_repeated_sound(prepared.split.train), with_repeated_sound(prepared.split.validation)
    return dataclasses.replace(
        prepared,
        split=dataclasses.replace(prepared.split, train=train, validation=validation),
        train=_sections(prepared.normaliser, train, prepared.split.train, prepared.train),
        validation=_sections(prepared.normaliser, validation, prepared.split.validation, prepared.validation),
    )


def _sections(
    normaliser: Normaliser, wells: Sequence[Recording], before: Sequence[Recording], sections: tuple[Section, ...]
) -> tuple[Section, ...]:
    """Return the sections of wells, those of unchanged ones as they were."""
    if all(well is same for well, same in zip(wells, before, strict=True)):
        return sections
    return tuple(normalise_adjoining(normaliser, wells))


def fit_detectors(
    spec: ExperimentSpec, train: Sequence[Section], context: DetectContext, start: StartingPoint | None = None
) -> dict[str, Detector]:
    """Fit every detector of the experiment in its order, so that fusions get their fitted members.

    Args:
        spec: the experiment.
        train: clean training sections.
        context: of all detectors.
        start: fitted networks to start from, if the detector of that name has any.

    Raises:
        StoppedError: if the program is interrupted.
    """
    fitted = dict(context.fitted)
    for named in spec.anomalies.detectors:
        check_stop()
        tell("%s: fitting", named.name)
        own = None if start is None else start.detector(named.name)
        fitted[named.name] = named.model.fit(train, dataclasses.replace(context, fitted=dict(fitted), start=own))
    return fitted


def _context(spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser]) -> DetectContext:
    return DetectContext(
        kind=spec.kind,
        seed=spec.seed,
        denoisers=denoisers,
        recordings=prepared.detector_recordings,
        validation=tuple(prepared.validation),
        normaliser=prepared.normaliser,
        faults=tuple(spec.anomalies.faults_for_training),
        other_faults=tuple(spec.anomalies.choosing_faults),
        calibration=tuple(prepared.split.validation),
        specs={named.name: named.model for named in spec.anomalies.detectors},
    )


def _faulty_copies(spec: ExperimentSpec, prepared: Prepared) -> dict[str, list[FaultyCopy]]:
    """Return the faulty copies by role, the test last."""
    anomalies, split = spec.anomalies, prepared.split
    repeats = min(anomalies.repeats, VALIDATION_REPEATS)
    return {
        "validation": make_faulty_copies(
            spec.injecting(anomalies.faults_for_choosing), split.validation, prepared.normaliser, repeats=repeats
        ),
        "test": make_faulty_copies(
            spec,
            split.test,
            prepared.normaliser,
            repeats=anomalies.repeats,
            events=anomalies.events,
        ),
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


def threshold_scores(
    spec: ExperimentSpec, detector: Detector, prepared: Prepared, clean_masks: Mapping[str, Sequence[BoolArray]]
) -> list[FloatArray]:
    """Return the row scores to fit thresholds to, NaN for rows that are not clean.

    Those of the validation sections and, if the detector provides out-of-fold copies of itself, of training sections
    and of the wells of other basins, each by what was fitted without its basin: a stranger's well is of another basin.
    """
    rows: list[FloatArray] = []
    out_of_fold = out_of_fold_detectors(detector, prepared.detector_training)
    for one, section in zip(out_of_fold, prepared.detector_training, strict=False):
        rows += section_scores(one, [section], spec.kind)
    kept = [*clean_masks["detector_training"][: len(rows)], *clean_masks["validation"]]
    rows += section_scores(detector, prepared.validation, spec.kind)
    return [np.where(keep, row, np.nan).astype(np.float32) for row, keep in zip(rows, kept, strict=True)]


def _false_alarms(
    spec: ExperimentSpec,
    name: str,
    validation: Sequence[FloatArray],
    test: Sequence[FloatArray],
    clean_masks: Sequence[BoolArray],
) -> list[dict[str, object]]:
    """Return nominal and measured rates of every threshold on the clean hold-out, pooled and in the worst section."""
    rows: list[dict[str, object]] = []
    for label, threshold in spec.anomalies.levels.items():
        value = threshold.fit(validation)
        compared = [threshold.standardised(section, section) for section in test]
        every = [section[np.isfinite(section)] > value for section in compared]
        flags = [
            section[np.isfinite(section) & keep] > value for section, keep in zip(compared, clean_masks, strict=True)
        ]
        every, flags = ([section for section in found if section.size] for found in (every, flags))
        if not flags:
            raise SpecError("no row of the hold-out could be scored; expected observed samples in test sections")
        worst = max(flags, key=lambda section: float(section.mean()))
        pooled = ratio_interval([float(section.sum()) for section in flags], [float(s.size) for s in flags])
        rows.append(
            {
                "detector": name,
                "threshold_kind": label,
                "value": value,
                "nominal": threshold.nominal_rate,
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


def _winner(table: pd.DataFrame, *, exclude: Iterable[str] = ()) -> str:
    """Return the best detector on the validation sections that is not excluded."""
    table = table[~table["detector"].isin(list(exclude))]
    ranked = table[table["role"] == "validation"].groupby("detector", sort=False)["pr_auc"].agg(["median", "mean"])
    if ranked["median"].isna().all():
        raise SpecError("no detector has a PR-AUC on the validation sections; expected injected faults in them")
    return str(ranked.sort_values(["median", "mean"], ascending=False, kind="stable").index[0])
