"""Rules of log quality control as a detector: flat lines, spikes, range, unit errors, cycle skips and offsets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, Kind, Section
from aemodels.curves.canonical import CANONICAL
from aemodels.denoisers.filters_1d.hampel import mirrored_median
from aemodels.detect.base import DetectContext, Detector, Evaluation, FaultScores
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves, fit_predictors
from aemodels.detect.depth_shift.step_predictor import curve_steps
from aemodels.detect.depth_shift.well_features import WellDetector, WellFeatures
from aemodels.detect.fault_network.features import flat_lengths
from aemodels.detect.rules.offsets import MAX_SAMPLES, StepStatistics, known_step_interval, step_interval
from aemodels.faults.logs.unit import UNIT_FACTORS
from aemodels.signal.normalise import CurveNormaliser
from aemodels.signal.quality_rules import STUCK_SAMPLES
from aemodels.signal.running_median import running_median

RULES = ("stuck", "spike", "range", "unit", "cycle_skip", "offset")
UNNAMED_RULES = ("range", "offset")  # triggered by more than one fault kind
_MIN_DEVIATION = 0.01  # normalised units, added to the robust standard deviation of the Hampel filter
_RANGE_SCALE = 1.0  # normalised units beyond the tool's range that add 1 to the score
_LIMIT_COLUMNS = 5  # limits per curve
_CORRECTED_WEIGHT = 2.0  # of the residual after a unit correction, which moves a slow shale as far to the other side
_UNIT_WINDOW = 31  # samples of the running median over which a unit error is scored
_MAX_SPIKE_SCORE = 10.0
_THIN_BED_SHARE = 0.3  # of the limit of a spike: at the same depth on another curve, it is a thin bed
_SPIKE_SAMPLES = 3  # maximum length of a spike


class Rules(Spec):
    """Scores in units of each rule's limit: above 1, the rule is violated.

    - stuck: length of a flat line;
    - spike: distance from the running median, both in robust standard deviations and in normalised units, of up to
      three samples that begin and end with a jump; a tool that averages over half a metre shows a thin bed, however
      bright, with flanks;
    - range: distance beyond what the tool can report;
    - unit: decrease of the residual from the prediction by the other curves if the unit error is corrected; for a
      resistivity, which has no range to leave, jumps of the size of the error at both ends;
    - cycle_skip: height of a run of sonic readings that begins and ends with a jump;
    - offset: an interval between two opposite jumps of one curve alone; bed boundaries extend over several samples,
      appear on more than one curve, and seldom return to the same level.

    The quality rules of aemodels.signal.quality_rules use the same limits.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip;
        Pearson et al. (2016), EURASIP J. Adv. Signal Process. 2016:87 (Hampel filter); Ellis, D. V. & Singer, J. M.
        (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (a missed cycle of 30 us over 2 ft is 15 us/ft; an
        array that averages over 2 ft cannot jump so far in 15 cm).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {
        "least": "min_height",
        "undone": "unit_improvement_limit",
        "ends": "edge_llr_limit",
        "ends_alike": "step_llr_limit",
        "skipped": "max_skip_samples",
    }
    records: ClassVar[Kind] = "logs"

    kind: Literal["rules"] = "rules"
    flat: int = Field(default=STUCK_SAMPLES, ge=2, le=1000, description="stuck: limit of identical samples in a row")
    window: int = Field(default=7, ge=3, le=101, description="spike: samples of the running median, odd")
    deviations: float = Field(
        default=8.0, gt=0.0, le=100.0, description="spike: limit in robust standard deviations from the running median"
    )
    min_height: float = Field(
        default=0.15,
        ge=0.0,
        le=1.0,
        description="spike: minimum height in normalised units; in a smooth log, smaller ones are bedding",
    )
    min_edge_share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="spike: minimum jump between two samples at either end, as a share of the height; the flank of a "
        "thin bed seen by a tool of 0.6 m resolution has 0.4 of it at a step of 0.15 m, 0.5 at 0.2 m",
    )
    unit_improvement_limit: float = Field(
        default=0.25,
        gt=0.0,
        le=10.0,
        description="unit: decrease of the residual, in normalised units, if the unit error is corrected",
    )
    edge_llr_limit: float = Field(
        default=5.0,
        gt=0.0,
        le=100.0,
        description="unit, resistivity: log-likelihood ratio of a jump of the error's size at each end of the interval",
    )
    step_llr_limit: float = Field(
        default=6.5,
        gt=0.0,
        le=100.0,
        description="offset: log-likelihood ratio of a jump of any size at each end of the interval",
    )
    cycle: float = Field(default=15.0, gt=0.0, le=200.0, description="cycle_skip: height of a jump [us/ft]")
    max_offset_samples: int = Field(
        default=200, ge=1, le=2000, description="offset: maximum length in samples that this rule decides alone"
    )
    skip_noise_ratio: float = Field(
        default=6.0,
        gt=0.0,
        le=100.0,
        description="cycle_skip: minimum height of a jump in robust standard deviations of the steps around it, so "
        "that noise is no cycle skip",
    )
    max_skip_samples: int = Field(default=16, ge=1, le=200, description="cycle_skip: maximum length in samples")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the predictors and set the limits.

        Raises:
            SpecError: for seismic.
        """
        predictor, out_of_fold = fit_predictors(train)
        limits = curve_limits(context, len(train[0].values))
        return RulesDetector(self, predictor, limits, tuple(out_of_fold), needs_inside_evidence=True)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        limits = arrays["limits"]
        missing = _LIMIT_COLUMNS - limits.shape[1]  # bundles from before the rule on skipped cycles lack its column
        predictor = RidgeFromOtherCurves.restore(arrays)
        inside = bool(arrays.get("inside_evidence", np.zeros(1))[0])
        return RulesDetector(self, predictor, np.pad(limits, ((0, 0), (0, missing))), needs_inside_evidence=inside)


@dataclass(frozen=True, eq=False)
class RulesDetector(WellDetector):
    """Fitted Rules.

    Args:
        spec: the limits.
        predictor: of each curve from the others.
        limits: float64[curve, 5], in normalised units: the lowest and highest value that a tool reports, the gain and
            offset that correct the curve's unit error (1 and 0 if it has none), and 1 us/ft (0 if it is not a sonic).
        out_of_fold_predictors: fitted without each training section; not stored with the detector.
        needs_inside_evidence: intervals need evidence inside, and skips a height above the noise; False for bundles of
            version 0.1, whose scores do not change.
    """

    spec: Rules
    predictor: RidgeFromOtherCurves
    limits: NDArray[np.float64]
    out_of_fold_predictors: tuple[RidgeFromOtherCurves, ...] = field(default=(), repr=False)
    needs_inside_evidence: bool = False

    @property
    def out_of_fold(self) -> tuple[RulesDetector, ...]:
        """For each training section a detector whose predictor was fitted without it."""
        return tuple(
            dataclasses.replace(self, predictor=predictor, out_of_fold_predictors=())
            for predictor in self.out_of_fold_predictors
        )

    @override
    def evaluate_features(self, features: WellFeatures) -> Evaluation:
        """Return the highest score of all rules, the score of each, and the highest of each that names a fault kind."""
        section = features.section
        found = self._rule_scores(section, features.predicted(self.predictor))
        components = dict(zip(RULES, np.where(section.mask, found, np.float32(np.nan)), strict=True))
        highest = np.where(section.mask, found, 0).max(axis=1)
        named = [number for number, rule in enumerate(RULES) if rule not in UNNAMED_RULES]
        return Evaluation(
            np.where(section.mask, found.max(axis=0), np.float32(np.nan)),
            components,
            FaultScores(tuple(RULES[number] for number in named), highest[named]),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        inside = np.array([self.needs_inside_evidence], dtype=np.int8)
        return {**self.predictor.arrays(), "limits": self.limits, "inside_evidence": inside}

    def _rule_scores(self, section: Section, predicted: FloatArray) -> FloatArray:
        """Return float32[rule, channel, sample] in units of the rule's limit."""
        low, high = self.limits[:, :1], self.limits[:, 1:2]
        beyond = np.maximum(low - section.values, section.values - high)
        flat = flat_lengths(section) / np.float32(self.spec.flat)
        outside = np.asarray(np.where(beyond > 0, 1 + beyond / _RANGE_SCALE, 0), dtype=np.float32)
        statistics = StepStatistics.from_section(section, predicted if self.needs_inside_evidence else None)
        longest = self.spec.max_offset_samples if self.needs_inside_evidence else MAX_SAMPLES
        scores: list[FloatArray] = [
            flat,
            self._spikes(section),
            outside,
            self._units(section, predicted, statistics),
            self._skips(section, statistics),
            np.stack([step_interval(curve, longest) for curve in statistics]) / self.spec.step_llr_limit,
        ]
        return np.stack(scores).astype(np.float32)

    def _spikes(self, section: Section) -> FloatArray:
        median = mirrored_median(section.values, self.spec.window)
        difference = section.values - median
        distance = np.abs(difference)
        # a longer window for the deviation: within seven samples, the spike itself would contribute most of it
        spread = 1.4826 * running_median(distance, 5 * self.spec.window) + _MIN_DEVIATION
        scores = np.minimum(distance / spread / self.spec.deviations, distance / max(self.spec.min_height, 1e-6))
        if self.needs_inside_evidence:  # a thin bed has flanks, and is seen by more than one tool
            sharp = edge_shares(section.values, np.sign(difference), self.spec.window // 2 + 1)
            scores = np.where(sharp >= self.spec.min_edge_share, scores, 0)
            possible = section.mask & (section.values >= self.limits[:, :1]) & (section.values <= self.limits[:, 1:2])
            seen = np.where(possible, maximum_filter1d(scores, 3, axis=1), 0) > _THIN_BED_SHARE
            scores = np.where(possible & (seen.sum(axis=0, keepdims=True) - seen > 0), 0, scores)
        return np.asarray(np.minimum(scores, _MAX_SPIKE_SCORE), dtype=np.float32)

    def _skips(self, section: Section, statistics: Sequence[StepStatistics]) -> FloatArray:
        steps = curve_steps(section)
        out = np.zeros(steps.shape, dtype=np.float32)
        for row in np.flatnonzero(self.limits[:, 4]):
            limit, shared = self.limits[row, 4] * self.spec.cycle, None
            if self.needs_inside_evidence:
                curve = statistics[int(row)]
                limit = np.maximum(limit, self.spec.skip_noise_ratio * curve.step_spread)
                shared = ~curve.only_this_curve
            out[row] = run_heights(steps[row], self.spec.max_skip_samples, shared) / limit
        return out

    def _units(self, section: Section, predicted: FloatArray, statistics: Sequence[StepStatistics]) -> FloatArray:
        gain, offset = self.limits[:, 2:3], self.limits[:, 3:4]
        corrected = section.values * gain + offset
        improvement = np.abs(section.values - predicted) - _CORRECTED_WEIGHT * np.abs(corrected - predicted)
        limited = np.clip(improvement, -1, 10).astype(np.float32)
        smooth = running_median(limited, _UNIT_WINDOW)
        observed = uniform_filter1d(section.mask.astype(np.float32), _UNIT_WINDOW, axis=1, mode="nearest")
        unpredicted = observed.sum(axis=0, keepdims=True) - observed < 0.5
        scores = np.where(unpredicted, 0, np.maximum(smooth, 0) / self.spec.unit_improvement_limit).astype(np.float32)
        for row in np.flatnonzero((gain[:, 0] == 1) & (offset[:, 0] != 0)):
            scores[row] = known_step_interval(statistics[int(row)], -offset[row, 0]) / self.spec.edge_llr_limit
        return np.asarray(scores)


def curve_limits(context: DetectContext, count: int) -> NDArray[np.float64]:
    """Return the physical limits of each curve, float64[curve, 5] as in RulesDetector; no limits if unknown.

    Raises:
        SpecError: for anything but logs.
    """
    if context.kind != "logs":
        raise SpecError(
            f"rules are for well logs and cannot score {context.kind} recordings; remove them from the spec"
        )
    limits = np.tile([-np.inf, np.inf, 1.0, 0.0, 0.0], (count, 1))
    if not isinstance(context.normaliser, CurveNormaliser):
        return limits
    for row, curve in enumerate(context.normaliser.curves):
        low, high = context.normaliser.bounds[row]
        known = CANONICAL[curve]
        ends = np.log10([known.low, known.high]) if known.log else np.array([known.low, known.high])
        limits[row, :2] = (ends - low) / (high - low)
        factor = UNIT_FACTORS.get(curve, 1.0)
        if known.log:
            limits[row, 2:4] = 1.0, -np.log10(factor) / (high - low)
        else:
            limits[row, 2:4] = 1 / factor, low * (1 / factor - 1) / (high - low)
        limits[row, 4] = 1 / (high - low) if known.unit == "us/ft" else 0.0
    return limits


def edge_shares(values: FloatArray, sign: FloatArray, reach: int) -> FloatArray:
    """Return how sharply each sample stands out: the smaller of two jumps around it as a share of the peak's height.

    Args:
        values: float32[channel, sample].
        sign: float32 of the same shape, 1 = the sample is above the level around it, -1 = below.
        reach: number of samples to either side; a sample's height is that above the higher of the two lowest among
            them, a peak's that of its highest sample.

    Returns:
        float32[channel, sample], 1 = both jumps, from one sample to the next within three samples, have the full
        height; 0 where a side is level or higher.
    """
    count = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    around = [sign * padded[:, start : start + count] for start in range(2 * reach + 1)]
    before, after = around[reach::-1], around[reach:]
    height = np.minimum(*(side[0] - np.minimum.reduce(side) for side in (before, after)))
    height = maximum_filter1d(height, 2 * _SPIKE_SAMPLES - 1, axis=1)  # a flank is not judged by its own height
    edges = [
        np.maximum.reduce([inner - outer for inner, outer in pairwise(side[: _SPIKE_SAMPLES + 1])])
        for side in (before, after)
    ]
    share = np.minimum(*edges) / np.where(height > 0, height, 1)
    return np.asarray(np.where(height > 0, np.clip(share, 0, 1), 0), dtype=np.float32)


def run_heights(steps: FloatArray, max_samples: int, shared: BoolArray | None = None) -> FloatArray:
    """Return the height of the run that each sample lies in, if it begins with a jump and ends with the opposite one.

    Args:
        steps: float32[sample], each reading less the one before.
        max_samples: maximum length of a run.
        shared: bool[sample], steps that another curve has too; a run with both ends shared is a thin bed.

    Returns:
        float32[sample], the smaller of the two jumps of the highest run; 0 = in no run.
    """
    out = np.zeros(steps.size, dtype=np.float32)
    for signed in (steps, -steps):
        for length in range(1, min(max_samples, steps.size - 1) + 1):
            height = np.maximum(np.minimum(signed[:-length], -signed[length:]), 0)
            if shared is not None:
                height = np.where(shared[:-length] & shared[length:], 0, height)
            for start in range(length):
                inside = out[start : start + height.size]
                np.maximum(inside, height, out=inside)
    return out
