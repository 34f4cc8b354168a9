"""Flagged intervals drawn for a person to check: the highest scores, and a random sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, Recording, Scores
from aemodels.report.flagged_intervals import FlaggedInterval, flagged_intervals

HIGHEST, RANDOM, RULES = "highest", "random", "rules"
GROUPS = (HIGHEST, RANDOM, RULES)
MIN_RULE_SHARE = 0.5  # of an interval's flagged rows that a rule violates by itself, for the rule to have decided it


@dataclass(frozen=True)
class AuditItem:
    """A flagged interval to check.

    Args:
        well: position of the well in the list that was scored.
        interval: the interval.
        by_rule: a rule decides it alone.
    """

    well: int
    interval: FlaggedInterval
    by_rule: bool


def audit_items(well: int, recording: Recording, scores: Scores, by_rule: BoolArray) -> list[AuditItem]:
    """Return the flagged intervals of a well.

    Args:
        well: its position in the list.
        recording: the well that was scored.
        scores: of kind "logs".
        by_rule: bool[sample], rows that a rule flags by itself.
    """
    items = []
    for interval in flagged_intervals(recording.axis, scores):
        inside = (recording.axis >= interval.top) & (recording.axis <= interval.base) & scores.is_anomaly
        items.append(AuditItem(well, interval, bool(by_rule[inside].mean() >= MIN_RULE_SHARE)))
    return items


def choose_items(items: Sequence[AuditItem], count: int, seed: int) -> dict[str, list[AuditItem]]:
    """Return the intervals of each group: the highest scores, a random sample, and a random sample of the rules'.

    The first two groups hold intervals that the trained detector decides; no interval is in two groups.

    Args:
        items: all flagged intervals.
        count: maximum number per group.
        seed: of the samples.
    """
    rng = np.random.default_rng(seed)
    learned = [item for item in items if not item.by_rule]
    ranked = sorted(range(len(learned)), key=lambda number: -learned[number].interval.max_score)
    highest, rest = ranked[:count], sorted(ranked[count:])
    drawn = rng.permutation(len(rest))[:count]
    rules = [item for item in items if item.by_rule]
    return {
        HIGHEST: [learned[number] for number in highest],
        RANDOM: [learned[rest[number]] for number in drawn],
        RULES: [rules[number] for number in rng.permutation(len(rules))[:count]],
    }
