"""Rules of log quality control as a detector: flat lines, spikes, impossible values, unit mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import median_filter, uniform_filter1d

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.curves.canonical import CANONICAL
from aemodels.denoisers.filters_1d.hampel import running_deviation
from aemodels.detect.base import DetectContext, Detector, Reasons
from aemodels.detect.cross_curve.linear_predictor import CrossPredictor, fit_predictors
from aemodels.detect.depth_shift.step_predictor import steps
from aemodels.detect.fault_network.features import flat_lengths
from aemodels.detect.rules.offsets import Moves, any_offset, known_offset
from aemodels.faults.logs.unit import UNIT_FACTORS
from aemodels.signal.normalise import CurveNormaliser
from aemodels.signal.quality_rules import STUCK_SAMPLES

RULES = ("stuck", "spike", "range", "unit", "cycle_skip", "offset")
_NAMELESS = ("range", "offset")  # break for more than one kind of fault
_FLOOR = 0.01  # normalised units: what a Hampel filter takes for the least deviation
_FAR_OUT = 1.0  # normalised units beyond what a tool can report that count like one threshold
_LIMITS = 5  # what is known of each curve
_CLOSER = 2.0  # a slow shale undone is as far off on the other side
_UNIT_WINDOW = 31  # samples over which a unit mistake is judged


class Rules(Spec):
    """Scores in units of each rule's own limit: 1 = just broken.

    A flat line by its length, a spike by its distance from the running median, in robust standard deviations and by
    itself, a value by how far it lies beyond what the tool can report, a unit by how much better the curve fits the
    others once the mistake is undone (of a resistivity, which has no range to leave, by jumps of the mistake's size at
    both ends), a skipped cycle by the height of a run of sonic readings that begins and ends with a jump, an interval
    that stands off by a jump of one curve alone that is taken back at its end: rock changes over some samples, on more
    curves than one, and seldom back by as much. The rules that run beside the detector
    (aemodels.signal.quality_rules) share their limits.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip;
        Pearson et al. (2016), EURASIP J. Adv. Signal Process. 2016:87 (Hampel filter); Ellis, D. V. & Singer, J. M.
        (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (a missed cycle of 30 us over 2 ft is 15 us/ft; an
        array that averages over 2 ft cannot jump so far in 15 cm).
    """

    records: ClassVar[Kind] = "logs"

    kind: Literal["rules"] = "rules"
    flat: int = Field(default=STUCK_SAMPLES, ge=2, le=1000, description="samples of one value that make a flat line")
    window: int = Field(default=7, ge=3, le=101, description="samples of the running median, odd")
    deviations: float = Field(default=8.0, gt=0.0, le=100.0, description="robust standard deviations that make a spike")
    least: float = Field(
        default=0.15,
        ge=0.0,
        le=1.0,
        description="how far, in normalised units, a spike stands out at least; where a log is calm, less is bedding",
    )
    undone: float = Field(
        default=0.25,
        gt=0.0,
        le=10.0,
        description="how much closer, in normalised units, a curve must come to its prediction once a unit is undone",
    )

    ends: float = Field(
        default=5.0,
        gt=0.0,
        le=100.0,
        description="log-likelihood ratio of a jump at either end that makes an interval a resistivity's unit mistake",
    )
    ends_alike: float = Field(
        default=6.5,
        gt=0.0,
        le=100.0,
        description="the same for jumps of any size, of which there are more, that make an interval stand off",
    )
    cycle: float = Field(default=15.0, gt=0.0, le=200.0, description="jump that is a skipped cycle [us/ft]")
    skipped: int = Field(default=16, ge=1, le=200, description="samples of a run of skipped cycles at most")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        every, without = fit_predictors(train)
        return RulesDetector(self, every, curve_limits(context, len(train[0].values)), tuple(without))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        limits = arrays["limits"]
        missing = _LIMITS - limits.shape[1]  # bundles from before the rule on skipped cycles know no sonic
        predictor = CrossPredictor.restore(arrays)
        return RulesDetector(self, predictor, np.pad(limits, ((0, 0), (0, missing))))


@dataclass(frozen=True, eq=False)
class RulesDetector:
    """Fitted Rules.

    Args:
        spec: the limits.
        predictor: of each curve from the others.
        limits: float64[curve, 5], in normalised units: the least and greatest value that a tool reports, the gain and
            offset that undo the curve's unit mistake (1 and 0 where it has none), and 1 us/ft (0 where it is no sonic).
        without: predictors fitted without each training section; not kept with the detector.
    """

    spec: Rules
    predictor: CrossPredictor
    limits: NDArray[np.float64]
    without: tuple[CrossPredictor, ...] = field(default=(), repr=False)

    @property
    def apart(self) -> tuple[RulesDetector, ...]:
        return tuple(RulesDetector(self.spec, predictor, self.limits) for predictor in self.without)

    def score(self, section: Section) -> FloatArray:
        worst = np.max(self._broken(section), axis=0)
        return np.where(section.mask, worst, np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        """Each rule's score on the worst curve, but of rules that no fault bears the name of."""
        broken = np.where(section.mask, self._broken(section), 0).max(axis=1)
        named = [number for number, rule in enumerate(RULES) if rule not in _NAMELESS]
        return Reasons(tuple(RULES[number] for number in named), broken[named].astype(np.float32))

    def voices(self, section: Section) -> dict[str, FloatArray]:
        """Each rule's score by itself."""
        broken = self._broken(section)
        return {
            rule: np.where(section.mask, scores, np.nan).astype(np.float32)
            for rule, scores in zip(RULES, broken, strict=True)
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.predictor.arrays(), "limits": self.limits}

    def _broken(self, section: Section) -> FloatArray:
        """float32[rule, channel, sample] in units of the rule's limit."""
        low, high = self.limits[:, :1], self.limits[:, 1:2]
        beyond = np.maximum(low - section.values, section.values - high)
        flat = flat_lengths(section) / np.float32(self.spec.flat)
        outside = np.asarray(np.where(beyond > 0, 1 + beyond / _FAR_OUT, 0), dtype=np.float32)
        moves = Moves.of(section)
        broken: list[FloatArray] = [
            flat,
            self._spikes(section),
            outside,
            self._units(section, moves),
            self._skips(section),
            np.stack([any_offset(curve) for curve in moves]) / self.spec.ends_alike,
        ]
        return np.stack(broken).astype(np.float32)

    def _spikes(self, section: Section) -> FloatArray:
        median, _ = running_deviation(section.values, self.spec.window)
        off = np.abs(section.values - median)
        # the deviation of a longer stretch: beside a spike, that of seven samples is the spike's own
        spread = 1.4826 * median_filter(off, size=(1, 5 * self.spec.window), mode="nearest") + _FLOOR
        broken = np.minimum(off / spread / self.spec.deviations, off / max(self.spec.least, 1e-6))
        return np.asarray(np.minimum(broken, 10.0), dtype=np.float32)

    def _skips(self, section: Section) -> FloatArray:
        moves = steps(section)
        out = np.zeros(moves.shape, dtype=np.float32)
        for row in np.flatnonzero(self.limits[:, 4]):
            out[row] = jumps(moves[row], self.spec.skipped) / (self.limits[row, 4] * self.spec.cycle)
        return out

    def _units(self, section: Section, moves: Sequence[Moves]) -> FloatArray:
        gain, offset = self.limits[:, 2:3], self.limits[:, 3:4]
        predicted = self.predictor.predict(section)
        mended = section.values * gain + offset
        closer = np.abs(section.values - predicted) - _CLOSER * np.abs(mended - predicted)
        steady = median_filter(np.clip(closer, -1, 10).astype(np.float32), size=(1, _UNIT_WINDOW), mode="nearest")
        company = uniform_filter1d(section.mask.astype(np.float32), _UNIT_WINDOW, axis=1, mode="nearest")
        alone = company.sum(axis=0, keepdims=True) - company < 0.5
        broken = np.asarray(np.where(alone, 0, np.maximum(steady, 0) / self.spec.undone), dtype=np.float32)
        for row in np.flatnonzero((gain[:, 0] == 1) & (offset[:, 0] != 0)):
            broken[row] = known_offset(moves[int(row)], -offset[row, 0]) / self.spec.ends
        return broken


def curve_limits(context: DetectContext, count: int) -> NDArray[np.float64]:
    """What is known of each curve's physics, float64[curve, 5] as in RulesDetector; unlimited where nothing is.

    Raises:
        SpecError: for anything but logs.
    """
    if context.kind != "logs":
        raise SpecError(f"rules of log quality control cannot judge {context.kind} recordings; take them off the spec")
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


def jumps(moves: FloatArray, longest: int) -> FloatArray:
    """Height of the run of readings that each sample lies in, if it begins with a jump and ends with the opposite one.

    Args:
        moves: float32[sample], each reading less the one before.
        longest: samples of a run at most.

    Returns:
        float32[sample], the lesser of the two jumps of the highest run; 0 = in none.
    """
    out = np.zeros(moves.size, dtype=np.float32)
    for side in (moves, -moves):
        for length in range(1, min(longest, moves.size - 1) + 1):
            height = np.maximum(np.minimum(side[:-length], -side[length:]), 0)
            for place in range(length):
                inside = out[place : place + height.size]
                np.maximum(inside, height, out=inside)
    return out
