"""Whether a fault is found that nobody trained for: detectors fitted again without each kind."""

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

# Of each section: a kind has some 20 events in five wells then, and every detector is scored once a kind.
REPEATS = 5
COLUMNS = ["detector", "fault", "refitted", "events", "recall_at_1pct", "event_recall", "pr_auc"]


def leave_one_kind_out_table(
    spec: ExperimentSpec,
    context: DetectContext,
    train: Sequence[Section],
    detectors: Mapping[str, Detector],
    scored: Mapping[str, Sequence[ScoredCopy]],
) -> pd.DataFrame:
    """Recall of each kind by detectors that never met it in training; a row "median" for each detector.

    Detectors that take no faults to training are told as they are. Empty unless the specification asks for it, or
    where only one kind is there to train on.

    Args:
        spec: the experiment.
        context: as the detectors were fitted with.
        train: clean training sections.
        detectors: fitted on all kinds, by name.
        scored: what they gave for faulty copies of the hold-out, of which the first REPEATS of each section are used.

    Returns:
        detector, fault, refitted, events, recall_at_1pct, event_recall, pr_auc.
    """
    few = {name: _first_of_each(items) for name, items in scored.items()}
    copies = [item.faulty_copy for item in next(iter(few.values()), [])]
    kinds = sorted({kind for copy in copies for kind, _ in copy.events})
    if not spec.anomalies.leave_one_kind_out or len(kinds) < 2:
        return pd.DataFrame(columns=COLUMNS)
    known = {name: fault_recall_table(name, items) for name, items in few.items()}
    rows = []
    for kind in kinds:
        learners = _refitted_detectors(spec.anomalies.detectors, kind)
        kept = {name: detector for name, detector in detectors.items() if name not in learners}
        without = _without(spec, context, kind, train, kept) if learners else {}
        for name, table in known.items():
            told = _found(spec, name, without[name], copies) if name in learners else table
            row = told[told["fault"] == kind].iloc[0]
            told_of = {column: row[column] for column in COLUMNS if column != "refitted"}
            rows.append({"refitted": name in learners} | told_of)
    return _with_medians(pd.DataFrame(rows, columns=COLUMNS))


def _without(
    spec: ExperimentSpec, context: DetectContext, kind: str, train: Sequence[Section], kept: Mapping[str, Detector]
) -> dict[str, Detector]:
    """All detectors, those that are not kept fitted again without a kind."""
    faults = tuple(fault for fault in context.faults if kind_of(fault) != kind)
    fitted: dict[str, Detector] = {}
    for named in spec.anomalies.detectors:
        if named.name in kept:
            fitted[named.name] = kept[named.name]
        else:
            known = dataclasses.replace(context, faults=faults, fitted=dict(fitted), left_out=kind)
            fitted[named.name] = named.model.fit(train, known)
    return fitted


def _refitted_detectors(detectors: Sequence[NamedDetector], kind: str) -> set[str]:
    """Those that would be others without a kind, as would be what is made of them."""
    found: set[str] = set()
    for named in detectors:
        members = named.model.members if isinstance(named.model, Fusion) else ()
        if _learns_kind(named.model, kind) or found.intersection(members):
            found.add(named.name)
    return found


def _learns_kind(model: DetectorFactory, kind: str) -> bool:
    """Whether a detector is trained on the experiment's faults, or on a kind by its own choice."""
    own = {kind_of(fault) for fault in getattr(model, "faults", ())}
    return bool(getattr(model, "learns_faults", False)) or kind in own


def _with_medians(table: pd.DataFrame) -> pd.DataFrame:
    figures = ["recall_at_1pct", "event_recall", "pr_auc"]
    groups = table.groupby("detector", sort=False)
    medians = groups[figures].median().join(groups.agg({"refitted": "any", "events": "sum"})).reset_index()
    return pd.concat([table, medians.assign(fault="median")[COLUMNS]], ignore_index=True)


def _found(spec: ExperimentSpec, name: str, detector: Detector, copies: Sequence[FaultyCopy]) -> pd.DataFrame:
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
