"""Labelled intervals: what all reviewers of a well say together, as faults and as sound readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aemodels.core.types import AxisArray, BoolArray, Kind
from aemodels.review.document import AnyDecision, Review, latest_decisions

SAME_FAULT_M = 2.0


@dataclass(frozen=True)
class Label:
    """An interval of a well, or a range of traces of a line, that was reviewed.

    Args:
        top_m, base_m: the interval, m; of a line its traces, half a trace beyond the outer ones.
        curves: affected ones; empty = all of the well, or a line.
        fault: True for accepted, redrawn and added intervals, False for rejected flags.
        missed: True if no flag was there: it was added.
        reason: kind of fault; of a rejected flag the reason that it named.
    """

    top_m: float
    base_m: float
    curves: tuple[str, ...]
    fault: bool
    missed: bool = False
    reason: str = ""

    def concerns(self, curve: str) -> bool:
        """Return True if the label speaks of a curve."""
        return not self.curves or curve in self.curves

    def overlaps(self, other: Label) -> bool:
        """Return True if two labels share depths and a curve."""
        shared = not self.curves or not other.curves or set(self.curves) & set(other.curves)
        return bool(shared) and self.top_m < other.base_m and other.top_m < self.base_m

    def rows(self, axis: AxisArray) -> BoolArray:
        """Return the samples of the interval, bool[sample]; at least the nearest one if the interval is in the axis."""
        half = float(np.median(np.diff(axis))) / 2 if axis.size > 1 else 0.0
        return np.asarray((axis >= self.top_m - half) & (axis <= self.base_m + half))


@dataclass(frozen=True)
class WellLabels:
    """Labels of the content of one file.

    Args:
        labels: faults and sound intervals, by depth.
        disputed: intervals that reviewers contradict each other about, which are no labels.
    """

    labels: tuple[Label, ...]
    disputed: int = 0


def labels_by_content(reviews: Sequence[Review], kind: Kind = "logs") -> dict[str, WellLabels]:
    """Return the labels of each reviewed content of a kind, by its sha256.

    The last decision of each author on each interval counts. A flag that one author accepts and another rejects is
    disputed, and so is a rejected one inside which another author sees a fault: neither is a label. Of a rejected flag
    in which the same author adds a fault, the fault alone is one. A fault that several authors name is one label, that
    of the last of them.
    """
    found: dict[str, list[tuple[str, Label]]] = defaultdict(list)
    for review, decision in latest_decisions([review for review in reviews if review.kind == kind]):
        found[review.sha256].append((review.author, _label(decision)))
    return {sha256: _agreed(labels) for sha256, labels in found.items()}


def as_one_fault(labels: Sequence[Label]) -> list[Label]:
    """Return the labels with faults of one curve that are closer than SAME_FAULT_M as one: its flag came in pieces."""
    found: list[Label] = []
    for label in sorted(labels, key=lambda one: one.top_m):
        near = [number for number, other in enumerate(found) if label.fault and other.fault and _near(other, label)]
        if not near:
            found.append(label)
            continue
        other = found[near[-1]]
        curves = () if not (label.curves and other.curves) else tuple(dict.fromkeys((*other.curves, *label.curves)))
        base_m, missed = max(label.base_m, other.base_m), label.missed and other.missed
        found[near[-1]] = replace(other, base_m=base_m, curves=curves, missed=missed)
    return found


def _near(first: Label, second: Label) -> bool:
    return replace(first, base_m=first.base_m + SAME_FAULT_M).overlaps(second)


def _label(decision: AnyDecision) -> Label:
    fault, missed = decision.action != "reject", decision.action == "add"
    return Label(*decision.extent, decision.curves, fault, missed, decision.reason)


def _agreed(said: Sequence[tuple[str, Label]]) -> WellLabels:
    """Return the labels that nobody contradicts, given author and label in the order of their time."""
    faults = [(author, label) for author, label in said if label.fault]
    sound = [(author, label) for author, label in said if not label.fault]
    disputed = [(one, other) for one in faults for other in sound if one[0] != other[0] and one[1].overlaps(other[1])]
    doubtful = {id(label) for pair in disputed for _, label in pair}
    kept: list[Label] = []
    for _, label in reversed(faults):
        if id(label) not in doubtful and not any(label.overlaps(other) for other in kept):
            kept.append(label)
    for _, label in reversed(sound):
        own_fault = any(label.overlaps(other) for _, other in faults)
        if id(label) not in doubtful and not own_fault and label not in kept:
            kept.append(label)
    return WellLabels(tuple(sorted(kept, key=lambda one: (one.top_m, one.base_m, one.curves))), len(doubtful))
