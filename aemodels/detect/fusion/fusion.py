"""Many detectors as one: each on the scale of p-values, combined, held together to intervals, with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons, part, parted, row_scores
from aemodels.detect.fusion.calibration_set import (
    Case,
    CopyPlan,
    Known,
    all_reasons,
    cases,
    intact,
    known_faults,
    members_apart,
    streams,
    surprises,
)
from aemodels.detect.fusion.combine import Combination, Combiner, fit_combination
from aemodels.detect.fusion.fault_classifier import Reasoner, fit_reasoner
from aemodels.detect.fusion.hysteresis import held, lasting
from aemodels.detect.fusion.p_values import Surprise, fit_surprise, unpack
from aemodels.faults.base import kind_of


class Fusion(Spec):
    """Detectors of the experiment combined, by name.

    Every member's score becomes a p-value on intact recordings that it was not fitted to: those of the validation, and
    those of the training where every member can judge them as new ones. The p-values are combined, and the result is
    once more one: a score of 2 is what one intact sample in a hundred reaches. Without recordings to inject faults
    into they are added.

    References:
        Fisher (1932), Statistical Methods for Research Workers (sum of -log p); Bonferroni's inequality (least p);
        Wolpert (1992), Neural Networks 5, 241 (a second model on what the first ones say).
    """

    kind: Literal["fusion"] = "fusion"
    members: tuple[str, ...] = Field(min_length=1, description="names of detectors of the experiment")
    combine: Combiner = Field(
        default="learned",
        description="sum of -log p; the least p of all; a logistic regression for every kind on faulty recordings, the "
        "odds added; or the one of these that does best on recordings it was not fitted on",
    )
    believed: tuple[str, ...] = Field(
        default=(),
        description="members that count by themselves where odds are learned, whatever the fault: what was taught no "
        "fault may find one of a kind that nobody thought of, to which all that was taught is blind",
    )
    beyond: float = Field(
        default=4.5,
        gt=0.0,
        le=8.0,
        description="decades at which such a member is an even bet: 4.5 is one intact sample in thirty thousand",
    )
    copies: int = Field(default=3, ge=1, le=100, description="faulty copies of each recording to learn from")
    fraction: float = Field(default=0.15, gt=0.0, le=0.9, description="share of a copy's rows that is faulty")
    leave: float = Field(
        default=0.8,
        gt=0.0,
        le=1.0,
        description="a stretch entered at a threshold is left at this share of it; 1 = there",
    )
    shortest: int = Field(default=1, ge=1, le=1000, description="samples that an anomalous stretch has at least")

    @property
    def learns_faults(self) -> bool:
        """Whether its scores depend on the faults that it is given; if not, they do if those of a member do."""
        return self.combine in ("learned", "best")

    @model_validator(mode="after")
    def _believed_are_members(self) -> Fusion:
        if strangers := sorted(set(self.believed) - set(self.members)):
            raise ValueError(f"believed names {strangers}; expected some of the members {', '.join(self.members)}")
        return self

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        members = self._members(train, context)
        kinds = tuple(dict.fromkeys(kind_of(fault) for fault in context.faults))
        apart = members_apart(members, train)
        calibration = cases(members, apart, train, context)
        heard = [self._heard(case, context, kinds, number) for number, case in enumerate(calibration)]
        surprise = {
            name: fit_surprise([np.where(item.sound, item.clean[name], np.nan) for item in heard])
            for name in heard[0].clean
        }
        told = [item for item in heard if item.known]
        said = [[surprises(surprise, found) for found in item.found] for item in told]
        combination = fit_combination(self.combine, said, [item.known for item in told], kind=context.kind)
        if combination.way == "learned":
            combination = dataclasses.replace(combination, believed=self._believed(surprise), beyond=self.beyond)
        pairs = [pair for item in told for pair in zip(item.known, item.reasons, strict=True)]
        reasoner = fit_reasoner(pairs, kinds)
        combined = [np.where(item.sound, combination.of(surprises(surprise, item.clean)), np.nan) for item in heard]
        final = fit_surprise([row_scores(item.astype(np.float32), context.kind) for item in combined])
        return FusionDetector(self, context.kind, members, surprise, combination, reasoner, final, apart)

    def _believed(self, surprise: Mapping[str, Surprise]) -> IntArray:
        """Places of the streams of the members that count by themselves."""
        return np.flatnonzero([name.split(":")[0] in self.believed for name in surprise])

    def _heard(self, case: Case, context: DetectContext, kinds: tuple[str, ...], number: int) -> _Heard:
        rng = np.random.default_rng([context.seed, 9, number])
        known = known_faults(context, case, CopyPlan(kinds, self.copies, self.fraction), rng)
        clean, sound = streams(case.members, case.section), intact(case.section, context.kind)
        found, reasons = [], []
        for copy in known:
            found.append(streams(case.members, copy.section))
            reasons.append(all_reasons(case.members, copy.section))
        return _Heard(clean, sound, known, found, reasons)

    def _members(self, train: Sequence[Section], context: DetectContext) -> dict[str, Detector]:
        if unknown := sorted(set(self.members) - set(context.specs) - set(context.fitted)):
            listed = ", ".join(context.specs) or "none"
            raise SpecError(f"fusion is made of {unknown}; the experiment has the detectors {listed}")
        return {
            name: context.fitted[name] if name in context.fitted else context.specs[name].fit(train, context)
            for name in self.members
        }

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        members = {name: context.specs[name].restore(part(arrays, name), context) for name in self.members}
        surprise = {name: unpack(array) for name, array in part(arrays, "surprise").items()}
        ordered = {name: surprise[name] for name in _text(arrays["streams"])}
        combination = Combination.restore(part(arrays, "combination"))
        reasoner = Reasoner.restore(part(arrays, "reasoner"))
        final = unpack(arrays["final"])
        return FusionDetector(self, context.kind, members, ordered, combination, reasoner, final)


@dataclass(frozen=True, eq=False)
class _Heard:
    """What the members say of a section and of its faulty copies.

    Args:
        clean: of the section, by stream.
        sound: bool of the scores' shape, what may stand for intact.
        known: the copies.
        found: of each copy, by stream.
        reasons: of each copy.
    """

    clean: Mapping[str, FloatArray]
    sound: BoolArray
    known: Sequence[Known]
    found: Sequence[Mapping[str, FloatArray]]
    reasons: Sequence[Sequence[Reasons]]


@dataclass(frozen=True, eq=False)
class FusionDetector:
    """Fitted Fusion.

    Args:
        spec: how members are combined.
        kind: "logs" or "seismic".
        members: fitted, by name.
        surprise: the p-values of each member's scores.
        combination: of them.
        reasoner: names the kind.
        final: p-values of the combined score.
        without: the members as they are without each training section; not kept with the detector.
    """

    spec: Fusion
    kind: Kind
    members: Mapping[str, Detector]
    surprise: Mapping[str, Surprise]
    combination: Combination
    reasoner: Reasoner
    final: Surprise
    without: tuple[Mapping[str, Detector], ...] = field(default=(), repr=False)

    @property
    def apart(self) -> tuple[FusionDetector, ...]:
        return tuple(dataclasses.replace(self, members=members, without=()) for members in self.without)

    def score(self, section: Section) -> FloatArray:
        """Decades of surprise: 2 is what one intact sample in a hundred reaches."""
        combined = self.combination.of(surprises(self.surprise, streams(self.members, section)))
        seen = section.mask if self.kind == "logs" else section.mask.any(axis=1, keepdims=True)
        scores = np.where(seen, combined, np.nan).astype(np.float32)
        decades = self.final.of(scores)
        return decades if self.kind == "seismic" else np.stack([self._interval(row) for row in decades])

    def reasons(self, section: Section) -> Reasons:
        """Log-probability of each kind, were the row faulty; of no kind where no member names any."""
        said = all_reasons(self.members, section)
        rows = section.values.shape[1 if self.kind == "logs" else 0]
        return self.reasoner.of(said) if said else Reasons((), np.zeros((0, rows), dtype=np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        out: dict[str, NDArray[Any]] = {"streams": _bytes(self.surprise)}
        parts = {name: member.arrays() for name, member in self.members.items()}
        parts |= {"combination": self.combination.arrays(), "reasoner": self.reasoner.arrays()}
        for name, arrays in parts.items():
            out |= parted(name, arrays)
        out |= parted("surprise", {name: surprise.packed() for name, surprise in self.surprise.items()})
        return out | {"final": self.final.packed()}

    def _interval(self, row: FloatArray) -> FloatArray:
        return held(lasting(row, self.spec.shortest), self.spec.leave)


def _bytes(names: Mapping[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _text(array: NDArray[Any]) -> list[str]:
    return array.astype(np.uint8).tobytes().decode().split("\n")
