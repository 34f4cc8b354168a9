"""Figures of every detector on faults that it learned, on another injector's faults, and in basins it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aemodels.core.types import Recording
from aemodels.detect import Fusion
from aemodels.detect.base import Detector, out_of_fold_detectors
from aemodels.evaluate.detection.faulty_copies import (
    FaultyCopy,
    ScoredCopy,
    clean_rows,
    make_faulty_copies,
    score_copies,
    section_scores,
)
from aemodels.evaluate.detection.recall_by_fault import ALL, WITHOUT_UNSOLVED, fault_recall_table
from aemodels.faults import FaultSpec
from aemodels.signal.split import basin_of

if TYPE_CHECKING:
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import AnomalySpec, ExperimentSpec

OWN_INJECTOR, OTHER_INJECTOR, OTHER_BASIN = "own injector", "other injector", "other basin"
COLUMNS = (OWN_INJECTOR, OTHER_INJECTOR, OTHER_BASIN)
CHOOSING, REPORTING = "choosing", "reporting"
COMBINATION_TOLERANCE = 0.01  # PR-AUC by which a combination may be below its best member: what a hundred events tell
ALARMS = ("basin", "well", "flagged", "rows", "hole_known")
MAX_ELSEWHERE = 12  # wells of other basins per purpose
TABLE = ("detector", "purpose", "column", "pr_auc", "recall_at_1pct", "recall_without_shift", "wells", "rows")


@dataclass(frozen=True, eq=False)
class Case:
    """Faulty copies of one column, of the wells that one purpose uses.

    Args:
        column: one of COLUMNS.
        copies: faulty copies.
        training_wells: for each copy the number of its well among the training sections of the detectors, to score it
            with what was fitted without its basin; None = the wells are in no training.
    """

    column: str
    copies: Sequence[FaultyCopy]
    training_wells: Sequence[int] | None = None


def make_cases(spec: ExperimentSpec, prepared: Prepared) -> dict[str, list[Case]]:
    """Inject the families of faults by purpose.

    For choosing, the validation and every other well of other basins; for reporting, the hold-out and the rest.
    A column without data of its own is left out: that of another injector if one family serves all ends.
    """
    return {purpose: _cases(spec, prepared, purpose) for purpose in (CHOOSING, REPORTING)}


def _cases(spec: ExperimentSpec, prepared: Prepared, purpose: str) -> list[Case]:
    anomalies, split = spec.anomalies, prepared.split
    wells = split.validation if purpose == CHOOSING else split.test
    own, other = anomalies.faults_for_training, _other_family(anomalies, purpose)

    def copies(recordings: Sequence[Recording], faults: Sequence[FaultSpec], repeats: int) -> list[FaultyCopy]:
        return make_faulty_copies(spec.injecting(faults), recordings, prepared.normaliser, repeats=repeats)

    found = [Case(OWN_INJECTOR, copies(wells, own, anomalies.repeats))]
    if {fault.kind for fault in own} != {fault.kind for fault in other}:
        found.append(Case(OTHER_INJECTOR, copies(wells, other, anomalies.repeats)))
    if numbers := _wells_elsewhere(split.elsewhere, purpose):
        faulty = copies([split.elsewhere[number] for number in numbers], other, 1)
        found.append(Case(OTHER_BASIN, faulty, [len(prepared.train) + number for number in numbers]))
    return found


def _other_family(anomalies: AnomalySpec, purpose: str) -> tuple[FaultSpec, ...]:
    return anomalies.faults_for_choosing if purpose == CHOOSING else anomalies.faults


def _wells_elsewhere(elsewhere: Sequence[Recording], purpose: str) -> list[int]:
    """Return the numbers of the wells of other basins that a purpose uses: every other one, basins in turn."""
    by_basin: dict[str, list[int]] = {}
    for number, recording in enumerate(elsewhere):
        by_basin.setdefault(basin_of(recording), []).append(number)
    first = 0 if purpose == CHOOSING else 1
    in_turn = zip_longest(*(numbers[first::2] for numbers in by_basin.values()))
    return sorted([number for turn in in_turn for number in turn if number is not None][:MAX_ELSEWHERE])


def generalisation_table(
    spec: ExperimentSpec,
    prepared: Prepared,
    detectors: Mapping[str, Detector],
    cases: Mapping[str, Sequence[Case]],
) -> pd.DataFrame:
    """Evaluate every fusion and its members on every column, for choosing and for reporting; without a fusion, all.

    Args:
        spec: the experiment.
        prepared: its data.
        detectors: fitted, by name.
        cases: from `make_cases`.

    Returns:
        TABLE: PR-AUC, recall at 1 % false alarms with and without depth shifts. In the column of other basins, only
        detectors that provide out-of-fold copies of themselves have figures.
    """
    rows = []
    for name, detector in _compared(spec, detectors).items():
        for purpose, of_purpose in cases.items():
            for case in of_purpose:
                scored = _scored(spec, prepared, detector, case)
                if scored:
                    rows.append({"detector": name, "purpose": purpose, "column": case.column} | _figures(name, scored))
    return pd.DataFrame(rows, columns=list(TABLE))


def _compared(spec: ExperimentSpec, detectors: Mapping[str, Detector]) -> dict[str, Detector]:
    fusions = {named.name: named.model for named in spec.anomalies.detectors if isinstance(named.model, Fusion)}
    wanted = {*fusions, *(member for model in fusions.values() for member in model.members)} or set(detectors)
    return {name: detector for name, detector in detectors.items() if name in wanted}


def _scored(spec: ExperimentSpec, prepared: Prepared, detector: Detector, case: Case) -> list[ScoredCopy]:
    threshold = spec.anomalies.chosen_threshold
    if case.training_wells is None:
        return score_copies(detector, case.copies, spec.kind, threshold=threshold, explain=False)
    out_of_fold = out_of_fold_detectors(detector, prepared.detector_training)
    if not out_of_fold:
        return []
    return [
        scored
        for well, copy in zip(case.training_wells, case.copies, strict=True)
        for scored in score_copies(out_of_fold[well], [copy], spec.kind, threshold=threshold, explain=False)
    ]


def _figures(name: str, scored: Sequence[ScoredCopy]) -> dict[str, float]:
    table = fault_recall_table(name, scored, by_kind=False)
    rows = {str(row["fault"]): row for row in table.to_dict("records")}
    every = rows[ALL]
    return {
        "pr_auc": float(every["pr_auc"]),
        "recall_at_1pct": float(every["recall_at_1pct"]),
        "recall_without_shift": float(rows.get(WITHOUT_UNSOLVED, every)["recall_at_1pct"]),
        "wells": len({item.faulty_copy.name for item in scored}),
        "rows": int(every["rows"]),
    }


def worse_than_members(
    spec: ExperimentSpec, table: pd.DataFrame, purpose: str, tolerance: float = 0.0
) -> dict[str, str]:
    """Return the fusions that are worse than their best member in a column of a purpose, each with the reason.

    Args:
        spec: names the members.
        table: from `generalisation_table`.
        purpose: CHOOSING or REPORTING.
        tolerance: PR-AUC by which a fusion may be below its best member.
    """
    found = {}
    for named in spec.anomalies.detectors:
        members = named.model.members if isinstance(named.model, Fusion) else ()
        for column, own, member, best in against_best_member(table, purpose, named.name, members):
            if own < best - tolerance:
                found[named.name] = f"{column}: PR-AUC {own:.3f}, its member {member} {best:.3f}"
    return found


def against_best_member(
    table: pd.DataFrame, purpose: str, detector: str, members: Sequence[str]
) -> list[tuple[str, float, str, float]]:
    """Return column, PR-AUC of a detector, its best member and that one's PR-AUC, for each column that has both.

    Args:
        table: from `generalisation_table`.
        purpose: CHOOSING or REPORTING.
        detector: name of the combination.
        members: names of its members.
    """
    found = []
    for column, figures in table[table["purpose"] == purpose].groupby("column", sort=False):
        values = {str(row["detector"]): float(row["pr_auc"]) for row in figures.to_dict("records")}
        known = [member for member in members if np.isfinite(values.get(member, np.nan))]
        if known and detector in values:
            best = max(known, key=values.__getitem__)
            found.append((str(column), values[detector], best, values[best]))
    return found


def elsewhere_alarms(spec: ExperimentSpec, prepared: Prepared, detector: Detector, threshold: float) -> pd.DataFrame:
    """Return the share of clean rows flagged in each well of another basin by what was fitted without its basin.

    Returns:
        basin, well, flagged, rows, and whether a caliper or density correction tells the well's bad hole; empty if the
        detector provides no out-of-fold copies.
    """
    out_of_fold = out_of_fold_detectors(detector, prepared.detector_training)[len(prepared.train) :]
    rows = []
    for one, section in zip(out_of_fold, prepared.elsewhere, strict=False):
        (scores,), (clean,) = section_scores(one, [section], spec.kind), clean_rows([section], spec.kind)
        kept = spec.anomalies.chosen_threshold.standardised(scores, scores)[np.isfinite(scores) & clean]
        if kept.size:
            flagged = float((kept > threshold).mean())
            rows.append((section.basin, section.name, flagged, kept.size, section.bad_hole is not None))
    return pd.DataFrame(rows, columns=list(ALARMS))
