"""Recall of unforeseen faults: detectors are refitted without each fault kind in turn."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from aemodels.core.types import Section
from aemodels.detect.base import DetectContext, Detector, DetectorFactory
from aemodels.detect.fusion.fusion import Fusion
from aemodels.evaluate.detection.faulty_copies import FaultyCopy, ScoredCopy, score_copies
from aemodels.evaluate.detection.recall_by_fault import fault_recall_table
from aemodels.faults.base import kind_of

if TYPE_CHECKING:
    from aemodels.experiment.spec import ExperimentSpec, NamedDetector

REPEATS = 5  # faulty copies per section: about 20 events of a kind in five wells, at one scoring per kind
COLUMNS = ["detector", "fault", "refitted", "events", "recall_at_1pct", "event_recall", "pr_auc"]


def leave_one_kind_out_table(
    spec: ExperimentSpec,
    context: DetectContext,
    train: Sequence[Section],
    detectors: Mapping[str, Detector],
    scored: Mapping[str, Sequence[ScoredCopy]],
) -> pd.DataFrame:
    """Measure the recall of each fault kind by detectors trained without it, with a row "median" per detector.

    Detectors that do not learn from faults are not refitted. Empty unless the specification requests it, or if there
    is only one kind to train on.

    Args:
        spec: the experiment.
        context: the one that the detectors were fitted with.
        train: clean training sections.
        detectors: fitted on all kinds, by name.
        scored: scored faulty copies of the hold-out by detector; the first REPEATS of each section are used.

    Returns:
        detector, fault, refitted, events, recall_at_1pct, event_recall, pr_auc.
    """
    few = {name: _first_of_each(items) for name, items in scored.items()}
    copies = [item.faulty_copy for item in next(iter(few.values()), [])]
    kinds = sorted({kind for copy in copies for kind, _ in copy.events})
    if not spec.anomalies.leave_one_kind_out or len(kinds) < 2:
        return pd.DataFrame(columns=COLUMNS)
    trained_on_all = {name: fault_recall_table(name, items) for name, items in few.items()}
    rows = []
    for kind in kinds:
        refitted = _refitted_detectors(spec.anomalies.detectors, kind)
        kept = {name: detector for name, detector in detectors.items() if name not in refitted}
        without = _without(spec, context, kind, train, kept) if refitted else {}
        for name, table in trained_on_all.items():
            recall = _recall(spec, name, without[name], copies) if name in refitted else table
            row = recall[recall["fault"] == kind].iloc[0]
            figures = {column: row[column] for column in COLUMNS if column != "refitted"}
            rows.append({"refitted": name in refitted} | figures)
    return _with_medians(pd.DataFrame(rows, columns=COLUMNS))


def _without(
    spec: ExperimentSpec, context: DetectContext, kind: str, train: Sequence[Section], kept: Mapping[str, Detector]
) -> dict[str, Detector]:
    """Return all detectors; those that are not in `kept` are refitted without a kind, and from nothing.

    Networks that started from a bundle would know the kind from there.
    """
    faults, others = (
        tuple(fault for fault in family if kind_of(fault) != kind) for family in (context.faults, context.other_faults)
    )
    fitted: dict[str, Detector] = {}
    for named in spec.anomalies.detectors:
        if named.name in kept:
            fitted[named.name] = kept[named.name]
        else:
            reduced = dataclasses.replace(
                context, faults=faults, other_faults=others, fitted=dict(fitted), left_out_kind=kind, start=None
            )
            fitted[named.name] = named.model.fit(train, reduced)
    return fitted


def _refitted_detectors(detectors: Sequence[NamedDetector], kind: str) -> set[str]:
    """Return the names of detectors that depend on a kind in training, and of those with such members."""
    found: set[str] = set()
    for named in detectors:
        members = named.model.members if isinstance(named.model, Fusion) else ()
        if _learns_kind(named.model, kind) or found.intersection(members):
            found.add(named.name)
    return found


def _learns_kind(model: DetectorFactory, kind: str) -> bool:
    """Return True if a detector is trained on the experiment's faults, or on this kind by its own setting."""
    chosen = {kind_of(fault) for fault in getattr(model, "faults", ())}
    return bool(getattr(model, "learns_faults", False)) or kind in chosen


def _with_medians(table: pd.DataFrame) -> pd.DataFrame:
    figures = ["recall_at_1pct", "event_recall", "pr_auc"]
    groups = table.groupby("detector", sort=False)
    medians = groups[figures].median().join(groups.agg({"refitted": "any", "events": "sum"})).reset_index()
    return pd.concat([table, medians.assign(fault="median")[COLUMNS]], ignore_index=True)


def _recall(spec: ExperimentSpec, name: str, detector: Detector, copies: Sequence[FaultyCopy]) -> pd.DataFrame:
    scored = score_copies(detector, copies, spec.kind, threshold=spec.anomalies.chosen_threshold, explain=False)
    return fault_recall_table(name, scored)


def _first_of_each(scored: Sequence[ScoredCopy]) -> list[ScoredCopy]:
    seen: Counter[str] = Counter()
    few = []
    for item in scored:
        seen[item.faulty_copy.name] += 1
        if seen[item.faulty_copy.name] <= REPEATS:
            few.append(item)
    return few
