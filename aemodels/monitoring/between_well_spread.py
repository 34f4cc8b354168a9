"""Spread between the training groups (wells, or runs of traces), which drift has to exceed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from aemodels.core.types import AxisArray, BoolArray
from aemodels.monitoring.reference import SCORE, Reference
from aemodels.monitoring.statistics import coarse, cohen_h, ks_distance, psi, rate

FLAG_RATE = "flag_rate"
_MAX_DRAWS = 400  # pseudo-windows of reference groups
_MIN_STATISTIC = 1e-3  # smaller statistics count as this


@dataclass(frozen=True, eq=False)
class BetweenWellSpread:
    """Distances of subsets of the reference groups ("pseudo-windows") from the other groups.

    Args:
        draws: (feature, statistic) → float64[pseudo-window].
        limits: (feature, statistic) → limits that a window of groups like the reference's exceeds in any feature only
            with the nominal false-alarm rate.
    """

    draws: Mapping[tuple[str, str], AxisArray]
    limits: Mapping[tuple[str, str], float]

    @classmethod
    def from_reference(cls, reference: Reference, groups: int, false_alarms: float) -> BetweenWellSpread:
        """Draw pseudo-windows of `groups` groups each, at most half of the reference's groups.

        Args:
            reference: of the bundle.
            groups: number of groups of the new data.
            false_alarms: nominal false-alarm rate of a window, over all features.
        """
        chosen = _subsets(len(reference.groups), groups)
        draws = {
            (name, statistic): values
            for name in reference.features
            for statistic, values in _distances(reference, name, chosen).items()
        }
        draws[FLAG_RATE, "h"] = _flag_distances(reference, chosen)
        return cls(draws, _limits(draws, len(reference.groups), false_alarms))

    def limit(self, name: str, statistic: str, floor: float) -> float:
        """Return the limit of a feature's statistic, at least `floor`."""
        return max(self.limits[name, statistic], floor)

    def p_value(self, name: str, statistic: str, value: float) -> float:
        """Return the share of pseudo-windows at least as far away, the new window included."""
        draws = self.draws[name, statistic]
        known = draws[np.isfinite(draws)]
        return float((1 + np.sum(known >= value)) / (1 + known.size))


def _subsets(groups: int, size: int) -> BoolArray:
    """Return bool[draw, group]: all subsets of `size` groups if they are few, else a seeded choice."""
    size = max(1, min(size, groups // 2))
    if math.comb(groups, size) <= _MAX_DRAWS:
        members = np.array(list(itertools.combinations(range(groups), size)))
    else:
        rng = np.random.default_rng([groups, size])
        members = np.argsort(rng.random((_MAX_DRAWS, groups)), axis=1)[:, :size]
    chosen = np.zeros((len(members), groups), dtype=np.bool_)
    np.put_along_axis(chosen, members, values=True, axis=1)
    return chosen


def _distances(reference: Reference, name: str, chosen: BoolArray) -> dict[str, AxisArray]:
    feature = reference.features[name]
    compared = reference.members(name)
    pooled = feature.pooled(compared).counts
    now, rest = chosen.astype(float) @ feature.counts, (~chosen & compared).astype(float) @ feature.counts
    return {"psi": psi(coarse(now, pooled), coarse(rest, pooled)), "ks": ks_distance(now, rest)}


def _flag_distances(reference: Reference, chosen: BoolArray) -> AxisArray:
    rest = ~chosen & reference.members(SCORE)
    rates = [
        rate(side.astype(float) @ reference.flagged, side.astype(float) @ reference.rows) for side in (chosen, rest)
    ]
    return cohen_h(*rates)


def _limits(
    draws: Mapping[tuple[str, str], AxisArray], groups: int, false_alarms: float
) -> dict[tuple[str, str], float]:
    """Return the limits: a prediction limit of the largest standardised statistic, transformed back to each feature.

    A feature's standard deviation is set to at least the root mean square over all features, because it is too
    uncertain if estimated from a few wells.
    """
    keys = list(draws)
    logs = np.stack([_to_unbounded(key[1], draws[key]) for key in keys])
    known = np.isfinite(logs)
    count = np.maximum(known.sum(axis=1), 1)
    centre = np.where(known, logs, 0.0).sum(axis=1) / count
    single = np.sqrt(np.where(known, (logs - centre[:, None]) ** 2, 0.0).sum(axis=1) / count)
    deviation = np.maximum(np.maximum(single, math.sqrt(float(np.mean(single**2)))), 1e-6)
    largest = np.where(known, (logs - centre[:, None]) / deviation[:, None], -np.inf).max(axis=0)
    largest = largest[np.isfinite(largest)]
    if not largest.size:
        return dict.fromkeys(keys, 0.0)  # a single group has no spread; only the thresholds apply
    from scipy.stats import t as student

    widening = student.ppf(1.0 - false_alarms, max(groups - 1, 1)) * math.sqrt(1.0 + 1.0 / groups)
    top = float(np.mean(largest) + widening * np.std(largest))
    return {key: _from_unbounded(key[1], float(centre[row] + top * deviation[row])) for row, key in enumerate(keys)}


def _to_unbounded(statistic: str, values: AxisArray) -> AxisArray:
    """Transform to an unbounded scale: log-odds of a KS distance, which is at most 1; logarithm of the others."""
    low = np.maximum(values, _MIN_STATISTIC)
    return np.asarray(np.log(low / np.maximum(1.0 - low, _MIN_STATISTIC)) if statistic == "ks" else np.log(low))


def _from_unbounded(statistic: str, value: float) -> float:
    return float(expit(value) if statistic == "ks" else np.exp(value))
