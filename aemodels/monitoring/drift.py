"""Drift of new data from the reference of a bundle, relative to the spread between the training wells."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.monitoring.between_well_spread import FLAG_RATE, BetweenWellSpread
from aemodels.monitoring.histogram import BinnedCounts
from aemodels.monitoring.reference import FILES_LACK, PCA_ERROR, SCORE, Reference
from aemodels.monitoring.statistics import coarse, cohen_h, ks_distance, missing_files_p_value, psi, rate, rates_noise

Verdict: TypeAlias = Literal["steady", "watch", "drift", "missing", "too few"]
WATCH_P_VALUE = 0.1  # at most this p-value, and a PSI above `psi_watch`, give the verdict "watch"
ALARMS: frozenset[Verdict] = frozenset({"drift", "missing"})


class DriftThresholds(Spec):
    """Thresholds above which new data count as drifted.

    References:
        PSI: Siddiqi (2006), Credit Risk Scorecards: no change below 0.1, a major change from 0.25 on. Cohen (1988),
        Statistical Power Analysis, 6.2: h = 0.2 is a small difference between two rates.
    """

    psi: float = Field(default=0.25, gt=0.0, le=10.0, description="minimum population stability index of an alarm")
    psi_watch: float = Field(
        default=0.1, gt=0.0, le=10.0, description='minimum population stability index of the verdict "watch"'
    )
    ks: float = Field(default=0.2, gt=0.0, le=1.0, description="minimum Kolmogorov-Smirnov distance of an alarm")
    flag_rate: float = Field(default=0.2, gt=0.0, le=3.2, description="minimum difference of flag rates, Cohen's h")
    false_alarms: float = Field(
        default=0.01,
        ge=0.0001,
        le=0.5,
        description="nominal false-alarm rate: probability that wells like the training wells raise an alarm",
    )
    missing: float = Field(
        default=0.01,
        ge=1e-6,
        le=0.5,
        description="a curve counts as missing if the p-value of the number of files without it is below this",
    )
    minimum: int = Field(default=100, ge=1, description="logs: minimum number of new values of a curve for a verdict")


@dataclass(frozen=True, eq=False)
class Window:
    """New data, counted in the bins of the reference.

    Args:
        files: number of files.
        rows: depth samples or traces with a score.
        flagged: anomalous rows.
        features: feature of the reference → its counts; a feature that the files do not contain may be absent.
        lacking: feature → number of files that have (nearly) no value of it.
    """

    files: int
    rows: int
    flagged: int
    features: Mapping[str, BinnedCounts]
    lacking: Mapping[str, int]

    def __add__(self, other: Window) -> Window:
        return Window(
            files=self.files + other.files,
            rows=self.rows + other.rows,
            flagged=self.flagged + other.flagged,
            features=_added(self.features, other.features),
            lacking=_added(self.lacking, other.lacking),
        )


NOTHING = Window(files=0, rows=0, flagged=0, features={}, lacking={})


@dataclass(frozen=True)
class FeatureDrift:
    """Drift of one feature.

    Args:
        feature: a curve, a trace feature, "score", "pca_error" or "flag_rate".
        verdict: "drift" and "missing" raise the alarm.
        now, reference: means of the values; the rates themselves for "flag_rate".
        psi, psi_limit: population stability index, and the limit above which it is an alarm; None for "flag_rate".
        ks, ks_limit: Kolmogorov-Smirnov distance, likewise; Cohen's h for "flag_rate".
        p_value: share of subsets of the reference's groups with at least this ks.
        missing, missing_reference: shares of rows without a value.
        lacking: number of new files without the curve.
    """

    feature: str
    verdict: Verdict
    now: float | None = None
    reference: float | None = None
    psi: float | None = None
    psi_limit: float | None = None
    ks: float | None = None
    ks_limit: float | None = None
    p_value: float | None = None
    missing: float | None = None
    missing_reference: float | None = None
    lacking: int = 0

    @property
    def alarm(self) -> bool:
        """True if the verdict raises an alarm."""
        return self.verdict in ALARMS

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return dataclasses.asdict(self)


def assess_drift(
    reference: Reference, window: Window, thresholds: DriftThresholds | None = None
) -> tuple[FeatureDrift, ...]:
    """Assess the drift of every feature: first those of the input, then score, PCA error and flag rate.

    A feature drifts if its distance from the reference exceeds both the thresholds and the limits derived from
    subsets of equally many reference groups (see `BetweenWellSpread`).

    Args:
        reference: of the bundle.
        window: the new data.
        thresholds: None = the defaults.
    """
    assessment = _Assessment(reference, window, thresholds or DriftThresholds())
    return (*(assessment.feature(name) for name in reference.features), assessment.flag_rate())


@dataclass(frozen=True, eq=False)
class _Assessment:
    reference: Reference
    window: Window
    thresholds: DriftThresholds

    @cached_property
    def spread(self) -> BetweenWellSpread:
        return BetweenWellSpread.from_reference(
            self.reference, _group_count(self.reference, self.window), self.thresholds.false_alarms
        )

    def feature(self, name: str) -> FeatureDrift:
        before, now = self.reference.pooled(name), self.window.features.get(name)
        row = FeatureDrift(name, "too few", reference=_number(before.mean), missing_reference=before.missing_share)
        if now is None:
            return row
        lacking = self.window.lacking.get(name, 0)
        row = dataclasses.replace(row, missing=now.missing_share, lacking=lacking, now=_number(now.mean))
        if self._is_missing(name):
            row = dataclasses.replace(row, verdict="missing")
        per_sample = self.reference.kind == "logs" and name != PCA_ERROR
        return row if now.values < (self.thresholds.minimum if per_sample else 1) else self._measured(row, now, before)

    def flag_rate(self) -> FeatureDrift:
        before = float(rate(self.reference.flagged[self.reference.members(SCORE)].sum(), self._scored_before))
        row = FeatureDrift(FLAG_RATE, "too few", reference=_number(before))
        if not self.window.rows or row.reference is None:
            return row
        now = self.window.flagged / self.window.rows
        distance = float(cohen_h(np.asarray(now), np.asarray(before)))
        # the rate of a few traces varies by chance, even if no group of the reference was ever flagged
        from scipy.stats import norm as normal

        chance = normal.isf(self.thresholds.false_alarms) * rates_noise(self.window.rows, self._scored_before)
        limit = self.spread.limit(FLAG_RATE, "h", max(self.thresholds.flag_rate, float(chance)))
        p_value = self.spread.p_value(FLAG_RATE, "h", distance)
        verdict: Verdict = "drift" if distance > limit else "steady"
        return dataclasses.replace(row, verdict=verdict, now=now, ks=distance, ks_limit=limit, p_value=p_value)

    @property
    def _scored_before(self) -> float:
        return float(self.reference.rows[self.reference.members(SCORE)].sum())

    def _measured(self, row: FeatureDrift, now: BinnedCounts, before: BinnedCounts) -> FeatureDrift:
        """Return the row with its distances and limits; the verdict "missing" is kept."""
        name, thresholds = row.feature, self.thresholds
        ours, theirs = coarse(now.counts, before.counts), coarse(before.counts, before.counts)
        row = dataclasses.replace(
            row,
            psi=_number(float(psi(ours, theirs))),
            psi_limit=self.spread.limit(name, "psi", thresholds.psi),
            ks=_number(float(ks_distance(now.counts, before.counts))),
            ks_limit=self.spread.limit(name, "ks", thresholds.ks),
        )
        if row.ks is not None:
            row = dataclasses.replace(row, p_value=self.spread.p_value(name, "ks", row.ks))
        return row if row.verdict == "missing" else dataclasses.replace(row, verdict=self._verdict(row))

    def _verdict(self, row: FeatureDrift) -> Verdict:
        if row.psi is None or row.ks is None:
            return "too few"
        if row.psi > (row.psi_limit or 0) or row.ks > (row.ks_limit or 0):
            return "drift"
        rare = (row.p_value or 0) <= max(WATCH_P_VALUE, 1.5 / (1 + len(self.reference.groups)))
        return "watch" if rare and row.psi > self.thresholds.psi_watch else "steady"

    def _is_missing(self, name: str) -> bool:
        """Return True if more files lack a curve than expected from the reference wells."""
        if name not in self.reference.inputs:
            return False
        feature = self.reference.features[name]
        rows = feature.counts.sum(axis=1) + feature.missing
        before = int(np.sum(feature.missing > FILES_LACK * rows))
        lacking = self.window.lacking.get(name, 0)
        return (
            lacking > 0
            and missing_files_p_value(lacking, self.window.files, before, len(rows)) < self.thresholds.missing
        )


def _group_count(reference: Reference, window: Window) -> int:
    """Return the number of groups that the new data correspond to: files of wells, or runs of traces."""
    if reference.kind == "logs":
        return max(window.files, 1)
    sizes = reference.features[SCORE].counts.sum(axis=1) + reference.features[SCORE].missing
    return max(1, round(window.rows / float(np.median(sizes))))


def _added(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sums by name; a name on one side only keeps its value."""
    both = {name: left[name] + right[name] for name in left if name in right}
    return {**left, **right, **both}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
