"""Whether a fault is found that nobody trained for: detectors fitted again without each kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from aemodels.detect.base import DetectContext, Detector
from aemodels.evaluate.found import found_table
from aemodels.evaluate.trials import Trial, score_trials
from aemodels.types import Section

if TYPE_CHECKING:
    from aemodels.experiment import ExperimentSpec

# Of each section: a kind has some 20 events in five wells then, and every detector is scored once a kind.
REPEATS = 5
COLUMNS = ["detector", "fault", "refitted", "events", "recall_at_1pct", "event_recall", "pr_auc"]


def leave_out_table(
    spec: ExperimentSpec,
    context: DetectContext,
    train: Sequence[Section],
    detectors: Mapping[str, Detector],
    trials: Sequence[Trial],
) -> pd.DataFrame:
    """Recall of each kind by detectors that never met it in training; a row "median" for each detector.

    Detectors that take no faults to training are scored as they are. Empty unless the specification asks for it, or
    where only one kind is there to train on.

    Args:
        spec: the experiment.
        context: as the detectors were fitted with.
        train: clean training sections.
        detectors: fitted on all kinds, by name.
        trials: faulty copies of the hold-out, of which the first REPEATS of each section are used.

    Returns:
        detector, fault, refitted, events, recall_at_1pct, event_recall, pr_auc.
    """
    kinds = sorted({kind for trial in trials for kind, _ in trial.events})
    if not spec.anomalies.leave_one_out or len(kinds) < 2:
        return pd.DataFrame(columns=COLUMNS)
    few = _first_of_each(trials)
    rows = []
    for named in spec.anomalies.detectors:
        learns = bool(getattr(named.model, "learns_faults", False))
        table = _found(spec, named.name, detectors[named.name], few)
        for kind in kinds:
            if learns:
                without = tuple(fault for fault in context.faults if getattr(fault, "kind", "") != kind)
                fitted = named.model.fit(train, dataclasses.replace(context, faults=without))
                table = _found(spec, named.name, fitted, few)
            row = table[table["fault"] == kind].iloc[0]
            rows.append({"refitted": learns} | {name: row[name] for name in COLUMNS if name != "refitted"})
    table = pd.DataFrame(rows, columns=COLUMNS)
    middle = table.groupby("detector", sort=False)[["recall_at_1pct", "event_recall", "pr_auc"]].median().reset_index()
    learnt = table.groupby("detector", sort=False)[["refitted", "events"]].agg({"refitted": "any", "events": "sum"})
    middle = middle.merge(learnt.reset_index(), on="detector").assign(fault="median")
    return pd.concat([table, middle[COLUMNS]], ignore_index=True)


def _found(spec: ExperimentSpec, name: str, detector: Detector, trials: Sequence[Trial]) -> pd.DataFrame:
    scored = score_trials(detector, trials, spec.kind, threshold=spec.anomalies.chosen, explain=False)
    return found_table(name, scored)


def _first_of_each(trials: Sequence[Trial]) -> list[Trial]:
    seen: dict[str, int] = {}
    few = []
    for trial in trials:
        seen[trial.name] = seen.get(trial.name, 0) + 1
        if seen[trial.name] <= REPEATS:
            few.append(trial)
    return few
