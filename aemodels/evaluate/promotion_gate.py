"""Checks of the promotion gate: requirements on a challenger on the frozen hold-out before it becomes champion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aemodels.core.errors import SpecError
from aemodels.evaluate.detection.generalisation import COMBINATION_TOLERANCE, REPORTING, against_best_member
from aemodels.evaluate.statistics.bootstrap import compare_pairs

if TYPE_CHECKING:
    import pandas as pd

CHAMPION = "champion"
UNTREATED = "as recorded"
# Allowed loss on a single curve, mean over wells and conditions; wells differ by more than a tie there.
CURVE_TOLERANCE_DB = 0.25
# A threshold keeps its nominal rate in most new wells, not in each: measured rates may be this many times the nominal
# one, over all rows and in the worst well (measured on field data: 1.2 and 3.2 times).
POOLED_FACTOR = 2.0
WORST_FACTOR = 5.0
# Of the reviewed faults, and of the injected ones: about what differs between two draws of a hundred.
FAULT_TOLERANCE, RECALL_TOLERANCE = 0.05, 0.02
# Three of sixty traces do not prove a rate above 2 %: the limit is raised to the share that chance alone exceeds one
# time in twenty. Neighbouring depths are correlated, but wells have so many that this hardly raises their limit.
CONFIDENCE = 0.95
_WHEN = ("before", "after")

Row = dict[str, Any]


def gain_rows(table: pd.DataFrame, challenger: str) -> list[Row]:
    """Compare the challenger with every other contender at every condition, paired by well (see `compare_pairs`).

    Args:
        table: from `denoising_table`; the champion is the contender CHAMPION.
        challenger: name of the contender to promote.

    Returns:
        One row per condition and opponent: check, condition, opponent, challenger_db and opponent_db (means over
        wells), margin_db, low_db, high_db, wells_ahead ("2 of 3"), rule, needed_db, passed.

    Raises:
        SpecError: if the table lacks the challenger, or an opponent a well.
    """
    rows = []
    for condition, group in table[table["channel"] == "all"].groupby("condition", sort=False):
        gains = _gains(group, challenger)
        for opponent in gains.columns.drop(challenger):
            rows.append(_gain_row(str(condition), str(opponent), gains[[challenger, opponent]]))
    return rows


def curve_rows(table: pd.DataFrame, challenger: str) -> list[Row]:
    """Compare the challenger's mean gain on each curve with the champion's; it may be CURVE_TOLERANCE_DB lower.

    If there is no champion, the gain is compared with leaving the curve as recorded (0 dB).

    Args:
        table: as for `gain_rows`.
        challenger: name of the contender to promote.

    Returns:
        Rows as from `gain_rows`; none for seismic, which has no curves.
    """
    rows = []
    has_champion = CHAMPION in set(table["contender"])
    for curve, group in table[table["channel"] != "all"].groupby("channel", sort=False):
        means = group.groupby("contender")["gain_db"].mean()
        theirs = float(means[CHAMPION]) if has_champion else 0.0
        row = _row(f"curve {curve}", "all", CHAMPION if has_champion else UNTREATED, needed=-CURVE_TOLERANCE_DB)
        row |= _values(float(means[challenger]), theirs)
        rows.append(row | {"passed": row["margin_db"] >= row["needed_db"]})
    return rows


def false_alarm_rows(thresholds: pd.DataFrame, detector: str, kind: str) -> list[Row]:
    """Compare the false-alarm rates of the bundle's threshold on the clean hold-out with their limits.

    Args:
        thresholds: as `DetectorStudy.thresholds`.
        detector: name of the bundle's detector.
        kind: label of the bundle's threshold.

    Returns:
        Two rows: rate ("pooled" or "worst well"), nominal, measured, at_most (the limit, raised for small numbers of
        rows), passed.

    Raises:
        SpecError: if the table lacks this threshold.
    """
    chosen = thresholds[(thresholds["detector"] == detector) & (thresholds["threshold_kind"] == kind)]
    if chosen.empty:
        raise SpecError(f"no measured false-alarm rate of {detector} with threshold {kind}; train the model again")
    found = chosen.iloc[0]
    nominal = float(found["nominal"])
    rows = []
    for rate, column, factor in (("pooled", "pooled", POOLED_FACTOR), ("worst well", "worst", WORST_FACTOR)):
        measured, at_most = float(found[column]), _chance(factor * nominal, found.get(f"{column}_rows"))
        rows.append(
            {
                "rate": rate,
                "nominal": nominal,
                "measured": round(measured, 5),
                "at_most": round(at_most, 5),
                "passed": measured <= at_most,
            }
        )
    return rows


def combination_rows(table: pd.DataFrame, detector: str, members: Sequence[str]) -> list[Row]:
    """Compare a combination of detectors with its best member, in each column that is reported.

    Args:
        table: as `DetectorStudy.generalisation`.
        detector: name of the bundle's detector.
        members: names of its members; none for a detector by itself, which nothing is asked of.

    Returns:
        One row per column: column, pr_auc, member (the best one), member_pr_auc, at_least, passed.
    """
    rows: list[Row] = []
    for column, own, member, best in against_best_member(table, REPORTING, detector, members):
        at_least = best - COMBINATION_TOLERANCE
        row: Row = {"column": column, "pr_auc": round(own, 4), "member": member, "member_pr_auc": round(best, 4)}
        rows.append(row | {"at_least": round(at_least, 4), "passed": own >= at_least})
    return rows


def review_rows(reviewed: pd.DataFrame, recall_before: float, recall_after: float) -> list[Row]:
    """Check a recalibration from reviews: in each reviewed well by what was fitted without it, and on other wells.

    Args:
        reviewed: with faults, found_before, found_after, sound, wrong_before, wrong_after of each reviewed well.
        recall_before: of injected faults at equal false alarms, in wells that nobody reviewed.
        recall_after: the same of the recalibrated bundle.

    Returns:
        One row per check: check, before, after, at_least, passed.
    """
    sums = reviewed.sum(numeric_only=True)
    faults, events = max(int(sums["faults"]), 1), max(int(sums["faults"] + sums["sound"]), 1)
    found = [float(sums[f"found_{when}"]) / faults for when in _WHEN]
    right = [
        float(sums[f"found_{when}"] + sums["sound"] - sums[f"wrong_{when}"]) / events for when in ("before", "after")
    ]
    return [
        _review_row("reviewed faults that are flagged", found, FAULT_TOLERANCE),
        _review_row("reviewed intervals flagged rightly", right, -0.5 / events),  # one interval more
        _review_row("injected faults at equal false alarms", [recall_before, recall_after], RECALL_TOLERANCE),
    ]


def _review_row(check: str, values: Sequence[float], tolerance: float) -> Row:
    before, after = values
    at_least = before - tolerance
    row: Row = {"check": check, "before": round(before, 4), "after": round(after, 4), "at_least": round(at_least, 4)}
    return row | {"passed": after >= at_least}


def not_worse(false_alarms: Sequence[Row], before: Sequence[float]) -> list[Row]:
    """Return checks of false-alarm rates that a bundle also passes if it does not exceed the one it was made from.

    A recalibration that halves the false alarms of a biased bundle is no reason to keep that one.

    Args:
        false_alarms: from `false_alarm_rows`.
        before: the same rates of the bundle that it was made from.
    """
    rows = []
    for row, earlier in zip(false_alarms, before, strict=True):
        at_most = max(row["at_most"], round(earlier, 5))
        rows.append(row | {"at_most": at_most, "passed": row["measured"] <= at_most})
    return rows


def reasons(
    rows: list[Row], false_alarms: list[Row], combination: Sequence[Row] = (), reviewed: Sequence[Row] = ()
) -> list[str]:
    """Return one sentence per failed check; empty if all passed."""
    found = [
        f"{row['check']}: {row['after']:.2%}, before {row['before']:.2%}; at least {row['at_least']:.2%}"
        for row in reviewed
        if not row["passed"]
    ]
    found += [
        f"{row['column']}: PR-AUC {row['pr_auc']:.3f} against {row['member_pr_auc']:.3f} of its member {row['member']}"
        for row in combination
        if not row["passed"]
    ]
    for row in rows:
        if row["passed"]:
            continue
        text = f"{row['check']}, {row['condition']}: {row['challenger_db']:.2f} dB against {row['opponent_db']:.2f} dB"
        noise = f", ahead in {row['wells_ahead']}" if row["wells_ahead"] else ""
        found.append(f"{text} of {row['opponent']}{noise}")
    for row in false_alarms:
        if not row["passed"]:
            found.append(
                f"false alarms, {row['rate']}: {row['measured']:.2%} of rows, {row['nominal']:.2%} nominal; "
                f"at most {row['at_most']:.2%}"
            )
    return found


def _chance(rate: float, rows: float | None) -> float:
    """Return the share of `rows` that is exceeded by chance with probability 1 - CONFIDENCE at a true rate of `rate`.

    At least `rate`, and exactly that if the rows were not counted.
    """
    from scipy.stats import binom

    return max(rate, float(binom.ppf(CONFIDENCE, rows, rate)) / int(rows)) if rows else rate


def _gains(group: pd.DataFrame, challenger: str) -> pd.DataFrame:
    gains = group.pivot_table(index="section", columns="contender", values="gain_db", sort=False)
    if challenger not in gains.columns:
        raise SpecError(f"the comparison has {', '.join(gains.columns)}; expected the challenger {challenger}")
    lacking = gains.columns[gains.isna().any()]
    if len(lacking):
        raise SpecError(f"{', '.join(lacking)} not measured in every well of the hold-out; train the model again")
    return gains


def _gain_row(condition: str, opponent: str, gains: pd.DataFrame) -> Row:
    ours, theirs = (gains.iloc[:, column].tolist() for column in (0, 1))
    found = compare_pairs(ours, theirs)
    row = _row("gain", condition, opponent, needed=0.0) | _values(sum(ours) / len(ours), sum(theirs) / len(theirs))
    return row | {
        "low_db": round(found.low, 4),
        "high_db": round(found.high, 4),
        "wells_ahead": f"{found.ahead} of {found.count}",
        "rule": found.rule,
        "passed": found.passed,
    }


def _row(check: str, condition: str, opponent: str, *, needed: float) -> Row:
    names = ("challenger_db", "opponent_db", "margin_db", "low_db", "high_db")
    empty: Row = dict.fromkeys(names)
    return (
        {"check": check, "condition": condition, "opponent": opponent}
        | empty
        | {
            "wells_ahead": "",
            "rule": "tolerance",
            "needed_db": needed,
            "passed": False,
        }
    )


def _values(ours: float, theirs: float) -> Row:
    return {"challenger_db": round(ours, 4), "opponent_db": round(theirs, 4), "margin_db": round(ours - theirs, 4)}
