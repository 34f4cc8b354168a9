"""Share of reviewed flags that are right, intervals that were missed, and agreement of two reviewers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Any, TypeAlias

from aemodels.review.document import AnyDecision, Decision, Review, TraceDecision

Counted: TypeAlias = Sequence[tuple[Review, AnyDecision]]
ALL = "all"
CONFIDENCE = 0.95


def flag_rows(counted: Counted) -> list[dict[str, Any]]:
    """Return how many reviewed flags are right and what was added, by bundle, curve and reason.

    A decision on several curves counts on each of them, and once in the rows of all curves; decisions of several
    authors on one flag count each. A redrawn flag is right: something is wrong there.

    Args:
        counted: the decisions that count (`latest_decisions`).

    Returns:
        Rows with bundle, curve and reason ("all" = not told apart), flags (reviewed), right, precision with its 95 %
        interval (low, high; all three None without flags), missed, missed_m and missed_traces (intervals that were
        added, and their length in m of wells and in traces of lines).

    References:
        Wilson (1927), J. Am. Stat. Assoc. 22, 209 (interval of a share).
    """
    groups: dict[tuple[str, str, str], list[AnyDecision]] = {}
    for review, decision in counted:
        for key in _groups(review, decision):
            groups.setdefault(key, []).append(decision)
    return [_row(key, found) for key, found in sorted(groups.items(), key=lambda item: _all_first(item[0]))]


def _groups(review: Review, decision: AnyDecision) -> Iterator[tuple[str, str, str]]:
    yield review.bundle, ALL, ALL
    if decision.reason:
        yield review.bundle, ALL, decision.reason
    for curve in decision.curves:
        yield review.bundle, curve, ALL


def _all_first(key: tuple[str, str, str]) -> tuple[Any, ...]:
    bundle, curve, reason = key
    return bundle, curve != ALL, curve, reason != ALL, reason


def _row(key: tuple[str, str, str], decisions: Sequence[AnyDecision]) -> dict[str, Any]:
    added = [decision for decision in decisions if decision.action == "add"]
    flags = len(decisions) - len(added)
    right = sum(decision.action in {"accept", "redraw"} for decision in decisions)
    precision, low, high = share(right, flags)
    return {
        **dict(zip(("bundle", "curve", "reason"), key, strict=True)),
        "flags": flags,
        "right": right,
        "precision": precision,
        "low": low,
        "high": high,
        "missed": len(added),
        "missed_m": _length(added, Decision),
        "missed_traces": round(_length(added, TraceDecision)),
    }


def _length(decisions: Iterable[AnyDecision], kind: type) -> float:
    """Return the length of the decisions of a kind, in m or traces."""
    return sum(one.extent[1] - one.extent[0] for one in decisions if isinstance(one, kind))


def share(hits: int, total: int) -> tuple[float | None, float | None, float | None]:
    """Return a share with its 95 % interval (Wilson 1927); all None without anything to count."""
    if not total:
        return None, None, None
    from scipy.stats import binomtest

    interval = binomtest(hits, total).proportion_ci(CONFIDENCE, method="wilson")
    return hits / total, float(interval.low), float(interval.high)


def agreement_rows(counted: Counted) -> list[dict[str, Any]]:
    """Return how far each two authors agree on the flags that both have judged.

    Args:
        counted: the decisions that count.

    Returns:
        Rows with first and second (authors), flags (judged by both), agree (share with the same judgement, right or
        wrong) and kappa: 1 = always, 0 = as often as chance; None if both gave all flags the same judgement, which
        chance explains too.

    References:
        Cohen (1960), Educ. Psychol. Meas. 20, 37.
    """
    judged: dict[str, dict[tuple[Any, ...], bool]] = {}
    for review, decision in counted:
        if decision.action != "add":
            flags = judged.setdefault(review.author, {})
            flags[review.sha256, review.bundle, *decision.interval] = decision.action != "reject"
    rows = []
    for first, second in combinations(sorted(judged), 2):
        both = sorted(judged[first].keys() & judged[second].keys())
        if both:
            pair = ([judged[author][flag] for flag in both] for author in (first, second))
            rows.append({"first": first, "second": second, "flags": len(both), **_agreement(*pair)})
    return rows


def review_metrics(flags: Sequence[Mapping[str, Any]], agreement: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the metrics of one bundle: numbers of all curves and reasons together, and the median kappa.

    Args:
        flags: of one bundle, from `flag_rows`.
        agreement: of its reviewers, from `agreement_rows`.
    """
    total = next(row for row in flags if row["curve"] == ALL and row["reason"] == ALL)
    keys = {"flags": "reviewed_flags", "precision": "precision", "low": "precision_low", "high": "precision_high"}
    found = {name: total[key] for key, name in keys.items()} | {
        key: total[key] for key in ("missed", "missed_m", "missed_traces")
    }
    kappas = [row["kappa"] for row in agreement if row["kappa"] is not None]
    found["kappa"] = median(kappas) if kappas else None
    return {name: float(value) for name, value in found.items() if value is not None}


def _agreement(first: Iterable[bool], second: Iterable[bool]) -> dict[str, float | None]:
    from sklearn.metrics import cohen_kappa_score

    one, other = list(first), list(second)
    agree = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    told_apart = len({*one, *other}) > 1
    return {"agree": agree, "kappa": float(cohen_kappa_score(one, other)) if told_apart else None}
