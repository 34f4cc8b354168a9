"""What a detector finds of each fault kind, how surely, and whether it names it rightly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aemodels.core.types import BoolArray, FloatArray, IntArray
from aemodels.evaluate.detection.binned_ranking import ScoreBins
from aemodels.evaluate.detection.faulty_copies import ScoredCopy
from aemodels.evaluate.statistics.bootstrap import ConfidenceInterval, ratio_interval

FALSE_ALARM_RATE = 0.01  # share of the intact rows at which recalls are told, as in the published comparisons
ALL = "all"
# A curve off depth within a uniform bed leaves no trace: totals are told with and without it.
UNSOLVED_KIND = "depth_shift"
WITHOUT_UNSOLVED = f"all_without_{UNSOLVED_KIND}"
# A spike has two rows and a depth shift a hundred and fifty: what is told of all rows is told of the longest kinds.
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
    """The score above which FALSE_ALARM_RATE of the intact rows of all copies lie."""
    intact = np.concatenate([item.rows[item.faulty_copy.clean] for item in scored])
    filled = np.nan_to_num(intact.astype(np.float64), nan=-np.inf)
    return float(np.quantile(filled, 1 - FALSE_ALARM_RATE, method="higher"))


def fault_recall_table(detector: str, scored: Sequence[ScoredCopy], *, by_kind: bool = True) -> pd.DataFrame:
    """One detector on all copies, in total and, if wanted, by fault kind.

    A kind is held against the intact rows alone: rows of other kinds are no false alarms. An event is found where any
    of its rows is above the limit that 1 % of the intact rows exceed; it is named by the reason that has the highest
    mean over its found rows, and accuracy counts found events.

    Returns:
        detector, fault (those of TOTALS that there are, each kind), events, rows, pr_auc,
        roc_auc, recall_at_1pct, event_recall, reason_accuracy (NaN for a detector without reasons), each with _low and
        _high: 95 % bootstrap intervals over wells.
    """
    names = sorted({item.faulty_copy.name for item in scored})
    wells = [[item for item in scored if item.faulty_copy.name == name] for name in names]
    limit = alarm_limit(scored)
    rows = [np.concatenate([item.rows for item in well]) for well in wells]
    bins = ScoreBins.from_scores(rows, [np.concatenate([item.faulty_copy.clean for item in well]) for well in wells])
    events = [event for place, well in enumerate(wells) for event in _events(well, place, limit)]
    table = []
    for group, kinds in _groups({event.kind for event in events}, by_kind).items():
        masks = [_masks(wells, part) for part in _parts(group, kinds)]
        mine = [event for event in events if event.kind in kinds]
        total = sum(int(mask.sum()) for part in masks for mask in part)
        faulty, hits, asked = np.zeros_like(bins.clean_counts), np.zeros(len(wells)), np.zeros(len(wells))
        for part in masks:
            counts = np.array([mask.sum() for mask in part], dtype=np.float64)
            weight = total / (len(masks) * counts.sum())
            faulty += weight * bins.positive_counts(rows, part)
            asked += weight * counts
            hits += weight * np.array([_above(well, limit)[mask].sum() for well, mask in zip(rows, part, strict=True)])
        pr, roc = bins.auc(faulty)
        shares = {
            "pr_auc": pr,
            "roc_auc": roc,
            "recall_at_1pct": ratio_interval(hits.tolist(), asked.tolist()),
            "event_recall": _share(mine, len(wells), [event.found for event in mine]),
            "reason_accuracy": _accuracy(mine, len(wells)),
        }
        table.append({"detector": detector, "fault": group, "events": len(mine), "rows": total} | _columns(shares))
    return pd.DataFrame(table)


def _groups(kinds: set[str], by_kind: bool) -> dict[str, set[str]]:
    """What is told together: all kinds, all but the open problem, both with kinds that count alike, each by itself."""
    groups = {ALL: kinds, MACRO: kinds}
    if UNSOLVED_KIND in kinds and len(kinds) > 1:
        groups |= {WITHOUT_UNSOLVED: kinds - {UNSOLVED_KIND}, MACRO_WITHOUT_UNSOLVED: kinds - {UNSOLVED_KIND}}
    ordered = {name: groups[name] for name in TOTALS if name in groups}
    return ordered | {kind: {kind} for kind in sorted(kinds) if by_kind}


def _parts(group: str, kinds: set[str]) -> list[set[str]]:
    """The kinds whose rows count as much together as those of any other part."""
    return [{kind} for kind in sorted(kinds)] if group in (MACRO, MACRO_WITHOUT_UNSOLVED) else [kinds]


def _masks(wells: Sequence[Sequence[ScoredCopy]], kinds: set[str]) -> list[BoolArray]:
    return [np.concatenate([_rows_of(item, kinds) for item in well]) for well in wells]


def _rows_of(item: ScoredCopy, kinds: set[str]) -> BoolArray:
    return np.asarray(np.any([item.faulty_copy.rows_of(kind) for kind in kinds], axis=0), dtype=np.bool_)


def _above(rows: FloatArray, limit: float) -> BoolArray:
    return np.asarray(np.nan_to_num(rows, nan=-np.inf) > limit)


def confusion_table(detector: str, scored: Sequence[ScoredCopy]) -> pd.DataFrame:
    """How found events are named: detector, fault, named, events; empty for a detector without reasons."""
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
    """The kind that the detector's reasons speak for; "" where it has none or found nothing."""
    if item.reasons is None or not flagged.size:
        return ""
    score = item.reasons.score[:, flagged]
    known = np.isfinite(score)
    if not known.any():
        return UNKNOWN
    mean = np.where(known, score, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return item.reasons.kinds[int(np.where(known.any(axis=1), mean, -np.inf).argmax())]


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
