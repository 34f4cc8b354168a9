"""Benchmark of any detector's intervals against the labels of reviewers, by curve and kind of fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aemodels.review.agreement import ALL, share
from aemodels.review.labels import Label, WellLabels

MIN_OVERLAP = 0.5  # of the shorter of label and interval: what merely touches a fault has not found it
UNNAMED = "unnamed"  # kind of a label without a reason
MACRO = "macro"
TRACES = "traces"  # in place of a curve, in the rows of lines


@dataclass(frozen=True)
class Interval:
    """An interval that a detector reports.

    Args:
        top_m, base_m: the interval, m; of a line its traces, half a trace beyond the outer ones.
        curve: affected one; "" = any of the well, or a line.
        reason: kind of fault that the detector names; "" if it names none.
    """

    top_m: float
    base_m: float
    curve: str = ""
    reason: str = ""

    def meets(self, label: Label, curve: str) -> bool:
        """Return True if at least half of the shorter one is shared; `curve` is the one asked about, or ALL."""
        concerned = not self.curve or (label.concerns(self.curve) if curve == ALL else self.curve == curve)
        common = min(self.base_m, label.base_m) - max(self.top_m, label.top_m)
        return concerned and common >= MIN_OVERLAP * min(self.base_m - self.top_m, label.base_m - label.top_m)


def benchmark_rows(
    labels: Mapping[str, WellLabels], intervals: Mapping[str, Sequence[Interval]]
) -> list[dict[str, Any]]:
    """Score intervals against labels.

    A label on several curves counts on each of them, and once in the rows of all curves. What lies outside all labels
    is not counted, as nobody has said what it is (`outside_rows`).

    Args:
        labels: of each well.
        intervals: of the same wells; a well without any may be absent.

    Returns:
        Rows by curve and kind of fault ("all" = not told apart): curve, kind, faults (labels), found, recall with its
        95 % interval (low, high), sound (labels of rejected flags), wrong (of these, flagged), precision (found of
        found and wrong), f1, named (found faults for which both give a kind) and named_right (of these, the same kind).
        Then rows "macro": means over the curves, and over the kinds, that have faults; None where nothing can be said.

    References:
        Wilson (1927), J. Am. Stat. Assoc. 22, 209 (interval of a share).
    """
    groups: dict[tuple[str, str], list[tuple[Label, list[Interval]]]] = {}
    for well, own in labels.items():
        for label in own.labels:
            for curve, kind in _groups(label):
                met = [one for one in intervals.get(well, ()) if one.meets(label, curve)]
                groups.setdefault((curve, kind), []).append((label, met))
    rows = [_row(key, found) for key, found in sorted(groups.items(), key=_all_first)]
    by_curve = [row for row in rows if row["curve"] != ALL and row["kind"] == ALL]
    by_kind = [row for row in rows if row["curve"] == ALL and row["kind"] != ALL]
    return [*rows, _macro(MACRO, ALL, by_curve), _macro(ALL, MACRO, by_kind)]


def line_benchmark_rows(
    labels: Mapping[str, WellLabels], intervals: Mapping[str, Sequence[Interval]]
) -> list[dict[str, Any]]:
    """Score ranges of traces against the labels of lines: rows as of `benchmark_rows`, by kind of fault alone.

    Args:
        labels: of each line.
        intervals: of the same lines.

    Returns:
        Rows whose curve is "traces"; none without labels.
    """
    rows = benchmark_rows(labels, intervals) if labels else []
    return [{**row, "curve": TRACES} for row in rows if row["curve"] == ALL]


def outside_rows(labels: Mapping[str, WellLabels], intervals: Mapping[str, Sequence[Interval]]) -> dict[str, float]:
    """Return number and metres of the intervals that overlap no label: what the benchmark says nothing about."""
    outside = [
        one
        for well, own in labels.items()
        for one in intervals.get(well, ())
        if not any(label.top_m < one.base_m and one.top_m < label.base_m for label in own.labels)
    ]
    return {"intervals": len(outside), "metres": sum(one.base_m - one.top_m for one in outside)}


def kind_of_label(label: Label) -> str:
    """Return the kind of a label: the first of its reasons."""
    return label.reason.partition(";")[0].strip() or UNNAMED


def _groups(label: Label) -> Iterator[tuple[str, str]]:
    kind = kind_of_label(label)
    for curve in (ALL, *label.curves):
        yield curve, ALL
        yield curve, kind


def _all_first(item: tuple[tuple[str, str], Any]) -> tuple[Any, ...]:
    curve, kind = item[0]
    return curve != ALL, curve, kind != ALL, kind


def _row(key: tuple[str, str], found: Sequence[tuple[Label, Sequence[Interval]]]) -> dict[str, Any]:
    faults = [(label, met) for label, met in found if label.fault]
    hit = [(label, met) for label, met in faults if met]
    wrong = sum(bool(met) for label, met in found if not label.fault)
    recall, low, high = share(len(hit), len(faults))
    named = [(kind_of_label(label), [one.reason for one in met if one.reason]) for label, met in hit]
    named = [(kind, reasons) for kind, reasons in named if kind != UNNAMED and reasons]
    return {
        "curve": key[0],
        "kind": key[1],
        "faults": len(faults),
        "found": len(hit),
        "recall": recall,
        "low": low,
        "high": high,
        "sound": len(found) - len(faults),
        "wrong": wrong,
        "precision": len(hit) / (len(hit) + wrong) if hit or wrong else None,
        "f1": 2 * len(hit) / (len(hit) + wrong + len(faults)) if faults else None,
        "named": len(named),
        "named_right": sum(kind in reasons for kind, reasons in named),
    }


def _macro(curve: str, kind: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means over rows with faults; counts are sums over no rows and left out."""
    with_faults = [row for row in rows if row["faults"]]
    found: dict[str, Any] = {"curve": curve, "kind": kind}
    for key in ("recall", "precision", "f1"):
        values = [row[key] for row in with_faults if row[key] is not None]
        found[key] = sum(values) / len(values) if values else None
    return found
