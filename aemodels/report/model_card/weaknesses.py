"""Known weaknesses of a model, derived from its results on the hold-out."""

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
LOW_RECALL = 0.5  # a fault kind is listed if its recall at a false-alarm rate of 1 % is lower


def weaknesses(spec: ExperimentSpec, tables: CardTables, detector: str) -> list[str]:
    """Return one sentence per weakness; a single one that says so if there is none."""
    found = [
        *_missed_faults(tables.faults, detector),
        *_insignificant_gains(tables.denoising, spec.default),
        *_weak_curves(tables.denoising, spec.default),
        *_lowest_gains(tables.denoising, spec.default),
        *_threshold_misses(tables.thresholds, detector, spec.anomalies.threshold),
        *_too_few_wells(tables.denoising, UNIT[spec.kind]),
    ]
    return found or ["none found by any check"]


def _missed_faults(faults: pd.DataFrame, detector: str) -> Iterator[str]:
    rows = faults[(faults["detector"] == detector) & (faults["recall_at_1pct"] < LOW_RECALL)]
    for row in rows.sort_values("recall_at_1pct").to_dict("records"):
        yield (
            f"fault **{row['fault']}**: {detector} has a recall of {row['recall_at_1pct']:.0%} at a false-alarm rate "
            f"of 1 % ({row['events']} events); quality rules may still detect it"
        )


def _insignificant_gains(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    """Yield the contenders over which the default has no significant advantage."""
    for row in gain_rows(denoising, default):
        if not row["passed"]:
            yield (
                f"{row['condition']}: {default} is not significantly better than **{row['opponent']}** "
                f"({row['margin_db']:+.2f} dB, better in {row['wells_ahead']})"
            )


def _weak_curves(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    """Yield the curves on which another contender has a higher mean gain."""
    curves = denoising[denoising["channel"] != "all"]
    for (curve, condition), group in curves.groupby(["channel", "condition"], sort=False):
        means = group.groupby("contender")["gain_db"].mean()
        best = str(means.idxmax())
        if best != default:
            yield f"curve **{curve}**, {condition}: the gain of {best} is {means[best] - means[default]:.2f} dB higher"


def _lowest_gains(denoising: pd.DataFrame, default: str) -> Iterator[str]:
    own = denoising[(denoising["contender"] == default) & (denoising["channel"] == "all")]
    for condition, rows in own.groupby("condition", sort=False):
        worst = rows.sort_values("gain_db").to_dict("records")[0]
        if len(rows) > 1:
            yield f"{condition}: the lowest gain is {worst['gain_db']:.2f} dB, in {worst['section']}"


def _threshold_misses(thresholds: pd.DataFrame, detector: str, kind: str) -> Iterator[str]:
    for row in false_alarm_rows(thresholds, detector, kind):
        if row["measured"] > row["nominal"]:
            yield f"false-alarm rate, {row['rate']}: {row['measured']:.2%} measured, {row['nominal']:.2%} nominal"


def _too_few_wells(denoising: pd.DataFrame, unit: str) -> Iterator[str]:
    count = denoising["section"].nunique()
    if count <= MAX_UNANIMOUS_PAIRS:
        yield (
            f"{count} {unit}{'s' if count > 1 else ''} in the hold-out: that a method is better in all of them occurs "
            f"by chance with probability {0.5**count:.1%}; a larger hold-out would be more conclusive"
        )
