"""Where a model is weak: sentences derived from what was measured, for its card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aemodels.evaluate.promotion_gate import false_alarm_rows, gain_rows
from aemodels.evaluate.statistics.bootstrap import MAX_UNANIMOUS_PAIRS

if TYPE_CHECKING:
    import pandas as pd

    from aemodels.experiment.spec import ExperimentSpec
    from aemodels.report.model_card.tables import CardTables

UNIT = {"logs": "well", "seismic": "line section"}
# A kind of fault of which fewer rows are found (at 1 % false alarms) is named.
LOW_RECALL = 0.5


def weaknesses(spec: ExperimentSpec, tables: CardTables, detector: str) -> list[str]:
    """A sentence for each weakness; one that says so where none was found."""
    found = [
        *_missed_faults(tables.faults, detector),
        *_unproven(tables.denoising, spec.default),
        *_weak_curves(tables.denoising, spec.default),
        *_worst(tables.denoising, spec.default),
        *_alarms(tables.thresholds, detector, spec.anomalies.threshold),
        *_few(tables.denoising, UNIT[spec.kind]),
    ]
    return found or ["none of the checks found any"]


def _missed_faults(faults: pd.DataFrame, detector: str) -> Iterator[str]:
    rows = faults[(faults["detector"] == detector) & (faults["recall_at_1pct"] < LOW_RECALL)]
    for row in rows.sort_values("recall_at_1pct").to_dict("records"):
        yield (
            f"fault **{row['fault']}**: {detector} finds {row['recall_at_1pct']:.0%} of its rows at 1 % false alarms "
            f"({row['events']} events); rules may still find it"
        )


def _unproven(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    """Contenders that the default is not ahead of by more than noise."""
    for row in gain_rows(denoising, default):
        if not row["passed"]:
            yield (
                f"{row['condition']}: {default} is not ahead of **{row['opponent']}** by more than noise "
                f"({row['margin_db']:+.2f} dB, ahead in {row['wells_ahead']})"
            )


def _weak_curves(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    """Curves on which another contender's mean gain is higher."""
    curves = denoising[denoising["channel"] != "all"]
    for (curve, condition), group in curves.groupby(["channel", "condition"], sort=False):
        means = group.groupby("contender")["gain_db"].mean()
        best = str(means.idxmax())
        if best != default:
            yield f"curve **{curve}**, {condition}: {best} gains {means[best] - means[default]:.2f} dB more"


def _worst(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    own = denoising[(denoising["contender"] == default) & (denoising["channel"] == "all")]
    for condition, rows in own.groupby("condition", sort=False):
        worst = rows.sort_values("gain_db").to_dict("records")[0]
        if len(rows) > 1:
            yield f"{condition}: the least gain is {worst['gain_db']:.2f} dB, in {worst['section']}"


def _alarms(thresholds: pd.DataFrame, detector: str, kind: str) -> Iterator[str]:
    for row in false_alarm_rows(thresholds, detector, kind):
        if row["measured"] > row["nominal"]:
            yield f"false alarms, {row['rate']}: {row['measured']:.2%} measured, {row['nominal']:.2%} promised"


def _few(denoising: pd.DataFrame, unit: str) -> Iterator[str]:
    count = denoising["section"].nunique()
    if count <= MAX_UNANIMOUS_PAIRS:
        yield (
            f"{count} {unit}{'s' if count > 1 else ''} in the hold-out: that a method is ahead in all of them happens "
            f"by chance with probability {0.5**count:.1%}; more data would say more"
        )
