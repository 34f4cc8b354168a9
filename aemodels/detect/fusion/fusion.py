"""Detectors combined into one: p-values per member, one score, hysteresis over depth, and a fault kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.progress import tell
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Section
from aemodels.detect.base import (
    DetectContext,
    Detector,
    EvaluatedDetector,
    Evaluation,
    no_fault_scores,
    prefixed,
    row_scores,
    unprefixed,
    with_new_keys,
)
from aemodels.detect.fusion.calibration_set import (
    CalibrationCase,
    CopyPlan,
    LabelledSection,
    MemberEvaluation,
    calibration_cases,
    clean_samples,
    evaluate_members,
    labelled_copies,
    member_of,
    neg_log10_p,
    out_of_fold_members,
)
from aemodels.detect.fusion.combine import Combination, Combiner, fit_combination
from aemodels.detect.fusion.fault_classifier import FusionClassifier, fit_fusion_classifier
from aemodels.detect.fusion.hysteresis import apply_hysteresis, apply_min_length
from aemodels.detect.fusion.p_values import PValueScale, fit_p_values
from aemodels.detect.fusion.well_level import level_divisor, usual_level
from aemodels.faults.base import kind_of

_UNSCALED = PValueScale(np.zeros(1), np.zeros(1), 1.0)  # until the scale of the combined score is fitted
_EARLIER_KEYS = {"streams": "components", "surprise": "p_values", "reasoner": "fault_classifier"}


class Fusion(Spec):
    """Detectors of the experiment combined, by name.

    The score of every member is converted to a p-value on clean recordings that it was not fitted to: validation
    sections, and training sections if every member provides out-of-fold copies. The p-values are combined, and the
    result is converted to a p-value once more: a score of 2 is reached by one clean sample in a hundred. Without
    recordings to inject faults into, the -log10 p are added.

    References:
        Fisher (1932), Statistical Methods for Research Workers (sum of -log p); Bonferroni's inequality (least p);
        Wolpert (1992), Neural Networks 5, 241 (stacking).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {
        "believed": "trusted_members",
        "beyond": "even_odds_decades",
        "leave": "exit_ratio",
        "shortest": "min_samples",
    }

    kind: Literal["fusion"] = "fusion"
    members: tuple[str, ...] = Field(min_length=1, description="names of detectors of the experiment")
    combine: Combiner = Field(
        default="learned",
        description="sum: the sum of -log10 p; max: the smallest p-value; learned: a logistic regression per fault "
        "kind, fitted to recordings with injected faults, the odds added; shares: each component flags at a p-value of "
        "its own, chosen so that most faults are found at one false alarm in a hundred; best: the one of these with "
        "the highest out-of-fold average precision",
    )
    trusted_members: tuple[str, ...] = Field(
        default=(),
        description="learned: members whose p-value also counts unweighted, so that unforeseen fault kinds are not "
        "missed",
    )
    even_odds_decades: float = Field(
        default=4.5,
        gt=0.0,
        le=8.0,
        description="-log10 p at which the odds of a trusted member are 1:1; 4.5 is one clean sample in 30,000",
    )
    withheld_members: tuple[str, ...] = Field(
        default=(),
        description="learned: members without which the weights are fitted as well; rules that find every fault of the "
        "family at hand would leave nothing to the others, which find faults of another family better",
    )
    separate_members: tuple[str, ...] = Field(
        default=(),
        description="members that are not mixed into the combination but have a share of the false alarms of their "
        "own, such as a detector of depth shifts, whose weak evidence a combination would lose",
    )
    separate_share: float = Field(
        default=0.2, gt=0.0, lt=1.0, description="share of the false alarms that the separate members have together"
    )
    odd_share: float = Field(
        default=0.0,
        ge=0.0,
        lt=0.9,
        description="share of the wells left out when a member's p-values are fitted: those with its highest scores",
    )
    copies: int = Field(default=3, ge=1, le=100, description="faulty copies of each recording to learn from")
    fraction: float = Field(default=0.15, gt=0.0, le=0.9, description="share of a copy's rows that is faulty")
    exit_ratio: float = Field(
        default=0.8,
        gt=0.0,
        le=1.0,
        description="hysteresis: exit threshold as a share of the entry threshold; 1 = no hysteresis",
    )
    min_samples: int = Field(default=1, ge=1, le=1000, description="shortest anomalous interval in samples")
    max_level_divisor: float = Field(
        default=1.0,
        ge=1.0,
        le=10.0,
        description="logs: scores of a well whose upper quartile is above that of three training wells of four are "
        "divided by the ratio, at most by this: a well of unusual rock is not flagged as a whole; 1 = never",
    )

    @property
    def learns_faults(self) -> bool:
        """True if the combination itself is fitted to injected faults; its members may be, in either case."""
        return self.combine in ("learned", "shares", "best")

    @model_validator(mode="after")
    def _trusted_are_members(self) -> Fusion:
        for field_name in ("trusted_members", "withheld_members", "separate_members"):
            if others := sorted(set(getattr(self, field_name)) - set(self.members)):
                raise ValueError(f"{field_name} names {others}; expected some of the members {', '.join(self.members)}")
        if set(self.separate_members) >= set(self.members):
            raise ValueError("all members are separate; leave at least one to combine")
        return self

    def mixed(self, components: Iterable[str]) -> list[str]:
        """Return the components, "member" or "member:component", that the combination mixes."""
        return [name for name in components if member_of(name) not in self.separate_members]

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the members, their p-values, the combination and the classifier.

        Raises:
            SpecError: if a member is unknown, or no sample is scored.
        """
        members = self._members(train, context)
        kinds = tuple(dict.fromkeys(kind_of(fault) for fault in context.combination_faults))
        out_of_fold = out_of_fold_members(members, train)
        cases = calibration_cases(members, out_of_fold, train, context)
        tell("members scored on %d recordings that they were not fitted to", len(cases))
        scored = [self._score_case(case, context, kinds, number) for number, case in enumerate(cases)]
        scales = {
            name: fit_p_values(
                [np.where(item.clean, item.found.scores[name], np.nan) for item in scored], self.odd_share
            )
            for name in scored[0].found.scores
        }
        mixed = {name: scales[name] for name in self.mixed(scales)}
        combination = self._combination(scored, mixed, context.kind)
        pairs = [
            (copy, found.fault_scores)
            for item in scored
            for copy, found in zip(item.copies, item.in_copies, strict=True)
        ]
        classifier = fit_fusion_classifier(pairs, kinds)
        shares = self._shares(scored, mixed, combination)
        detector = FusionDetector(
            self, context.kind, members, scales, combination, classifier, _UNSCALED, out_of_fold, shares
        )
        combined = [np.where(item.clean, detector.combined(item.found.scores), np.nan) for item in scored]
        final = fit_p_values([row_scores(item.astype(np.float32), context.kind) for item in combined])
        detector = dataclasses.replace(detector, final=final)
        return dataclasses.replace(detector, usual_level=self._usual_level(detector, cases, scored))

    def _usual_level(
        self, detector: FusionDetector, cases: Sequence[CalibrationCase], scored: Sequence[_ScoredCase]
    ) -> float | None:
        """Return the usual level of the experiment's own wells; None for seismic, and if no level is divided out."""
        if self.max_level_divisor == 1.0 or detector.kind != "logs":
            return None
        wells = [
            row_scores(np.where(item.clean, detector.scores_of(item.found, case.section), np.nan), detector.kind)
            for case, item in zip(cases, scored, strict=True)
            if not case.section.basin
        ]
        return usual_level(wells)

    def _shares(
        self, scored: Sequence[_ScoredCase], mixed: Mapping[str, PValueScale], combination: Combination
    ) -> PValueScale | None:
        """Return the p-value scale of the combination by itself; None if no member is separate."""
        if not self.separate_members:
            return None
        return fit_p_values(
            [
                np.where(item.clean, combination.combine(neg_log10_p(mixed, item.found.scores)), np.nan)
                for item in scored
            ]
        )

    def _combination(self, scored: Sequence[_ScoredCase], scales: Mapping[str, PValueScale], kind: Kind) -> Combination:
        """Fit the combination to the labelled copies."""
        labelled = [item for item in scored if item.copies]
        p_values = [[neg_log10_p(scales, found.scores) for found in item.in_copies] for item in labelled]
        combination = fit_combination(
            self.combine,
            p_values,
            [item.copies for item in labelled],
            kind=kind,
            withheld=_components_of(self.withheld_members, scales).tolist(),
        )
        if combination.method != "learned":
            return combination
        trusted = _components_of(self.trusted_members, scales)
        return dataclasses.replace(combination, trusted=trusted, even_odds_decades=self.even_odds_decades)

    def _score_case(
        self, case: CalibrationCase, context: DetectContext, kinds: tuple[str, ...], number: int
    ) -> _ScoredCase:
        rng = np.random.default_rng([context.seed, 9, number])
        copies = labelled_copies(context, case, CopyPlan(kinds, self.copies, self.fraction), rng)
        return _ScoredCase(
            evaluate_members(case.members, case.section),
            clean_samples(case.section, context.kind),
            copies,
            [evaluate_members(case.members, copy.section) for copy in copies],
        )

    def _members(self, train: Sequence[Section], context: DetectContext) -> dict[str, Detector]:
        if unknown := sorted(set(self.members) - set(context.specs) - set(context.fitted)):
            listed = ", ".join(context.specs) or "none"
            raise SpecError(f"fusion has the members {unknown}; the experiment has the detectors {listed}")
        return {
            name: context.fitted[name] if name in context.fitted else context.specs[name].fit(train, context)
            for name in self.members
        }

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild a fitted fusion from its arrays."""
        if "streams" in arrays:  # a bundle of version 0.1
            arrays = with_new_keys(arrays, _EARLIER_KEYS)
        members = {name: context.specs[name].restore(unprefixed(arrays, name), context) for name in self.members}
        scales = {name: PValueScale.from_array(array) for name, array in unprefixed(arrays, "p_values").items()}
        ordered = {name: scales[name] for name in _text(arrays["components"])}
        combination = Combination.restore(unprefixed(arrays, "combination"))
        classifier = FusionClassifier.restore(unprefixed(arrays, "fault_classifier"))
        final = PValueScale.from_array(arrays["final"])
        shares = PValueScale.from_array(arrays["shares"]) if "shares" in arrays else None
        usual = float(arrays["usual_level"]) if "usual_level" in arrays else None
        return FusionDetector(
            self,
            context.kind,
            members,
            ordered,
            combination,
            classifier,
            final,
            combined_scale=shares,
            usual_level=usual,
        )


@dataclass(frozen=True, eq=False)
class _ScoredCase:
    """The members' scores of a section and of its faulty copies.

    Args:
        found: in the section.
        clean: bool of the scores' shape, samples usable as clean reference.
        copies: of the section, with faults.
        in_copies: found in each copy.
    """

    found: MemberEvaluation
    clean: BoolArray
    copies: Sequence[LabelledSection]
    in_copies: Sequence[MemberEvaluation]


@dataclass(frozen=True, eq=False)
class FusionDetector(EvaluatedDetector):
    """Fitted Fusion.

    Args:
        spec: combination and hysteresis.
        kind: "logs" or "seismic".
        members: fitted, by name.
        scales: p-value scales by component.
        combination: of the p-values.
        classifier: of the fault kind.
        final: p-value scale of the combined score.
        out_of_fold_copies: the members fitted without each training section; not stored with the detector.
        combined_scale: p-value scale of the combination by itself, before it shares the false alarms with separate
            members; None if there are none.
        usual_level: of the scores of a well, above which they are divided; None = they never are.
    """

    spec: Fusion
    kind: Kind
    members: Mapping[str, Detector]
    scales: Mapping[str, PValueScale]
    combination: Combination
    classifier: FusionClassifier
    final: PValueScale
    out_of_fold_copies: tuple[Mapping[str, Detector], ...] = field(default=(), repr=False)
    combined_scale: PValueScale | None = None
    usual_level: float | None = None

    @property
    def out_of_fold(self) -> tuple[FusionDetector, ...]:
        """For each training section the fusion with members that were fitted without it."""
        return tuple(
            dataclasses.replace(self, members=members, out_of_fold_copies=()) for members in self.out_of_fold_copies
        )

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return -log10 p of the combined score, and the log-probability of each kind if the row is faulty.

        A score of 2 is reached by one clean sample in a hundred; in a well whose scores are high throughout they are
        divided by how far its level is above the usual one. No kinds if no member scores any.
        """
        found = evaluate_members(self.members, section)
        scores = self.levelled_scores_of(found, section)
        rows = section.values.shape[1 if self.kind == "logs" else 0]
        kinds = self.classifier.predict(found.fault_scores) if found.fault_scores else no_fault_scores(rows)
        return Evaluation(scores, fault_scores=kinds)

    def levelled_scores_of(self, found: MemberEvaluation, section: Section) -> FloatArray:
        """Return -log10 p of what the members found in a section, less in a well whose scores are high throughout."""
        scores = self.scores_of(found, section)
        if self.usual_level is None:
            return scores
        divisor = level_divisor(row_scores(scores, self.kind), self.usual_level, self.spec.max_level_divisor)
        return np.asarray(scores / np.float32(divisor), dtype=np.float32)

    def with_weaker_member(self, name: str, divisor: float) -> FusionDetector:
        """Return the detector with the -log10 p of a member, and of its components, divided by a number."""
        scales = {
            component: scale.weaker(divisor) if member_of(component) == name else scale
            for component, scale in self.scales.items()
        }
        return dataclasses.replace(self, scales=scales)

    def scores_of(self, found: MemberEvaluation, section: Section) -> FloatArray:
        """Return -log10 p of what the members found in a section, whatever the level of the well."""
        observed = section.mask if self.kind == "logs" else section.mask.any(axis=1, keepdims=True)
        combined = np.where(observed, self.combined(found.scores), np.nan).astype(np.float32)
        p_values = self.final.transform(combined)
        if self.kind == "seismic":
            return p_values
        long_enough = np.stack([apply_min_length(row, self.spec.min_samples) for row in p_values])
        return apply_hysteresis(long_enough, self.spec.exit_ratio)

    def combined(self, scores: Mapping[str, FloatArray]) -> FloatArray:
        """Return the combined score of component scores, higher = more anomalous, before its p-value.

        With separate members, the smallest p-value of them and of the combination, each divided by its share of the
        false alarms.

        References:
            Genovese, Roeder & Wasserman (2006), Biometrika 93, 509 (p-values divided by weights).
        """
        mixed = {name: self.scales[name] for name in self.spec.mixed(self.scales)}
        combined = self.combination.combine(neg_log10_p(mixed, scores))
        if self.combined_scale is None:
            return combined
        share = self.spec.separate_share
        own = self.combined_scale.transform(combined) + np.log10(1 - share)
        each = share / len(self.spec.separate_members)
        separate = neg_log10_p({name: self.scales[name] for name in self.spec.separate_members}, scores)
        return np.asarray(np.maximum(np.maximum(own, separate.max(axis=0) + np.log10(each)), 0), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        out: dict[str, NDArray[Any]] = {"components": _bytes(self.scales)}
        parts = {name: member.arrays() for name, member in self.members.items()}
        parts |= {"combination": self.combination.arrays(), "fault_classifier": self.classifier.arrays()}
        for name, arrays in parts.items():
            out |= prefixed(name, arrays)
        out |= prefixed("p_values", {name: scale.to_array() for name, scale in self.scales.items()})
        if self.combined_scale is not None:
            out["shares"] = self.combined_scale.to_array()
        if self.usual_level is not None:
            out["usual_level"] = np.array(self.usual_level)
        return out | {"final": self.final.to_array()}


def _components_of(members: Iterable[str], components: Iterable[str]) -> IntArray:
    """Return the indices of the components that belong to some members."""
    wanted = set(members)
    return np.flatnonzero([member_of(name) in wanted for name in components])


def _bytes(names: Mapping[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _text(array: NDArray[Any]) -> list[str]:
    return array.astype(np.uint8).tobytes().decode().split("\n")
