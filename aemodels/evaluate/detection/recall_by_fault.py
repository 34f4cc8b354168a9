"""Recall of each fault kind with intervals over wells, and accuracy of the reasons given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aemodels.core.types import BoolArray, FloatArray, IntArray
from aemodels.evaluate.detection.binned_ranking import ScoreBins
from aemodels.evaluate.detection.faulty_copies import ScoredCopy
from aemodels.evaluate.statistics.bootstrap import ConfidenceInterval, ratio_interval

FALSE_ALARM_RATE = 0.01  # share of the clean rows at which recalls are reported, as in published comparisons
ALL = "all"  # micro average: every faulty row counts once
# A depth shift within a uniform bed cannot be seen: totals are reported with and without this kind.
UNSOLVED_KIND = "depth_shift"
WITHOUT_UNSOLVED = f"all_without_{UNSOLVED_KIND}"
# Macro average: every kind has the same weight. A spike has 2 rows and a depth shift 150, so that the micro average
# is dominated by the kinds with the longest events.
MACRO = "macro"
MACRO_WITHOUT_UNSOLVED = f"macro_without_{UNSOLVED_KIND}"
TOTALS = (ALL, WITHOUT_UNSOLVED, MACRO, MACRO_WITHOUT_UNSOLVED)
UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Event:
    kind: str
    well: int
    found: bool
    named: str


def alarm_limit(scored: Sequence[ScoredCopy]) -> float:
    """Return the score that FALSE_ALARM_RATE of the clean rows of all copies exceed."""
    clean = np.concatenate([item.rows[item.faulty_copy.clean] for item in scored])
    filled = np.nan_to_num(clean.astype(np.float64), nan=-np.inf)
    return float(np.quantile(filled, 1 - FALSE_ALARM_RATE, method="higher"))


def fault_recall_table(detector: str, scored: Sequence[ScoredCopy], *, by_kind: bool = True) -> pd.DataFrame:
    """Evaluate one detector on all copies, in total and, if wanted, by fault kind.

    Each kind is compared with the clean rows alone: rows of other kinds are not false alarms. An event is found if any
    of its rows exceeds the limit that 1 % of the clean rows exceed. Its reason is the fault kind with the highest mean
    score over its found rows; accuracy counts found events.

    Args:
        detector: its name.
        scored: its scores of faulty copies, with reasons if it gives any.
        by_kind: also add one row per fault kind.

    Returns:
        detector, fault (one of TOTALS, or a kind), events, rows, then pr_auc, roc_auc, recall_at_1pct, event_recall
        and reason_accuracy (NaN for a detector without reasons), each with _low and _high: 95 % bootstrap intervals
        over wells.
    """
    names = sorted({item.faulty_copy.name for item in scored})
    wells = [[item for item in scored if item.faulty_copy.name == name] for name in names]
    limit = alarm_limit(scored)
    rows = [np.concatenate([item.rows for item in well]) for well in wells]
    bins = ScoreBins.from_scores(rows, [np.concatenate([item.faulty_copy.clean for item in well]) for well in wells])
    events = [event for index, well in enumerate(wells) for event in _events(well, index, limit)]
    table = []
    for group, kinds in _groups({event.kind for event in events}, by_kind).items():
        masks = [_masks(wells, members) for members in _equally_weighted(group, kinds)]
        selected = [event for event in events if event.kind in kinds]
        total = sum(int(mask.sum()) for of_wells in masks for mask in of_wells)
        positives, hits, totals = np.zeros_like(bins.clean_counts), np.zeros(len(wells)), np.zeros(len(wells))
        for of_wells in masks:
            counts = np.array([mask.sum() for mask in of_wells], dtype=np.float64)
            weight = total / (len(masks) * counts.sum())
            positives += weight * bins.positive_counts(rows, of_wells)
            totals += weight * counts
            found = [_above(well, limit)[mask].sum() for well, mask in zip(rows, of_wells, strict=True)]
            hits += weight * np.array(found)
        pr, roc = bins.auc(positives)
        shares = {
            "pr_auc": pr,
            "roc_auc": roc,
            "recall_at_1pct": ratio_interval(hits.tolist(), totals.tolist()),
            "event_recall": _share(selected, len(wells), [event.found for event in selected]),
            "reason_accuracy": _accuracy(selected, len(wells)),
        }
        table.append({"detector": detector, "fault": group, "events": len(selected), "rows": total} | _columns(shares))
    return pd.DataFrame(table)


def _groups(kinds: set[str], by_kind: bool) -> dict[str, set[str]]:
    """Return the kinds by table row: micro and macro average, both without the unsolved kind, then each kind."""
    groups = {ALL: kinds, MACRO: kinds}
    if UNSOLVED_KIND in kinds and len(kinds) > 1:
        groups |= {WITHOUT_UNSOLVED: kinds - {UNSOLVED_KIND}, MACRO_WITHOUT_UNSOLVED: kinds - {UNSOLVED_KIND}}
    ordered = {name: groups[name] for name in TOTALS if name in groups}
    return ordered | {kind: {kind} for kind in sorted(kinds) if by_kind}


def _equally_weighted(group: str, kinds: set[str]) -> list[set[str]]:
    """Return sets of kinds with equal weight: each kind by itself in a macro average, else all kinds together."""
    return [{kind} for kind in sorted(kinds)] if group in (MACRO, MACRO_WITHOUT_UNSOLVED) else [kinds]


def _masks(wells: Sequence[Sequence[ScoredCopy]], kinds: set[str]) -> list[BoolArray]:
    return [np.concatenate([_rows_of(item, kinds) for item in well]) for well in wells]


def _rows_of(item: ScoredCopy, kinds: set[str]) -> BoolArray:
    return np.asarray(np.any([item.faulty_copy.rows_of(kind) for kind in kinds], axis=0), dtype=np.bool_)


def _above(rows: FloatArray, limit: float) -> BoolArray:
    return np.asarray(np.nan_to_num(rows, nan=-np.inf) > limit)


def confusion_table(detector: str, scored: Sequence[ScoredCopy]) -> pd.DataFrame:
    """Count the reasons given to found events: detector, fault, named, events; empty for a detector without reasons."""
    limit = alarm_limit(scored)
    pairs = [(e.kind, e.named) for e in _events(scored, 0, limit) if e.found and e.named]
    columns = ["detector", "fault", "named", "events"]
    if not pairs:
        return pd.DataFrame(columns=columns)
    counted = pd.DataFrame(pairs, columns=["fault", "named"]).value_counts(sort=False).reset_index(name="events")
    return counted.assign(detector=detector)[columns]


def _events(scored: Iterable[ScoredCopy], well: int, limit: float) -> list[_Event]:
    found = []
    for item in scored:
        above = item.rows > limit
        for kind, rows in item.faulty_copy.events:
            flagged = rows[above[rows]]
            found.append(_Event(kind, well, bool(flagged.size), _named(item, flagged)))
    return found


def _named(item: ScoredCopy, flagged: IntArray) -> str:
    """Return the fault kind with the highest mean score over the flagged rows; "" without reasons or flagged rows."""
    if item.fault_scores is None or not flagged.size:
        return ""
    score = item.fault_scores.score[:, flagged]
    known = np.isfinite(score)
    if not known.any():
        return UNKNOWN
    mean = np.where(known, score, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return item.fault_scores.kinds[int(np.where(known.any(axis=1), mean, -np.inf).argmax())]


def _accuracy(events: Sequence[_Event], wells: int) -> ConfidenceInterval:
    named = [event for event in events if event.found and event.named]
    return _share(named, wells, [event.named == event.kind for event in named])


def _share(events: Sequence[_Event], wells: int, true: Sequence[bool]) -> ConfidenceInterval:
    hits, totals = np.zeros(wells), np.zeros(wells)
    for event, good in zip(events, true, strict=True):
        totals[event.well] += 1
        hits[event.well] += good
    return ratio_interval(hits.tolist(), totals.tolist())


def _columns(shares: dict[str, ConfidenceInterval]) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, interval in shares.items():
        row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row
