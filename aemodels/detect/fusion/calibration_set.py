"""What the members of a fusion say of one recording, on one scale; and what they said where the truth is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind, Recording, Section
from aemodels.detect.base import DetectContext, Detector, Explainer, Reasons, Witness, apart_of
from aemodels.detect.fault_network.features import straight_lines
from aemodels.detect.fusion.p_values import Surprise
from aemodels.faults.inject import Injection, inject


@dataclass(frozen=True, eq=False)
class Known:
    """A section with faults whose places are known.

    Args:
        section: with faults.
        label: bool[channel, sample] (logs) or bool[trace, 1]: altered.
        kinds: int64[row], number of the fault kind of a row's event, -1 = none.
        told: bool of the label's shape: observed, and altered or intact; a straight line that was there before is
            neither.
    """

    section: Section
    label: BoolArray
    kinds: IntArray
    told: BoolArray


@dataclass(frozen=True, eq=False)
class Case:
    """A section to calibrate on.

    Args:
        members: detectors by name, none of which has been fitted to the section.
        section: intact.
        recording: behind it, to inject faults into; None where there is none.
    """

    members: Mapping[str, Detector]
    section: Section
    recording: Recording | None


@dataclass(frozen=True)
class CopyPlan:
    """How faulty copies are made.

    Args:
        kinds: names of the faults, in the order of their numbers.
        copies: of each recording.
        fraction: share of a copy's rows that is faulty.
    """

    kinds: tuple[str, ...]
    copies: int
    fraction: float


def streams(members: Mapping[str, Detector], section: Section) -> dict[str, FloatArray]:
    """Scores of each member, float32[channel, sample] or [trace, 1], and those that they are made of."""
    out = {}
    for name, member in members.items():
        out[name] = member.score(section)
        if isinstance(member, Witness):
            out |= {f"{name}:{voice}": scores for voice, scores in member.voices(section).items()}
    return out


def intact(section: Section, kind: Kind) -> BoolArray:
    """What may stand for intact rock: without the straight lines that any real log has; of scores' shape."""
    if kind == "seismic":
        return np.asarray(section.mask.any(axis=1, keepdims=True))
    return np.asarray(section.mask & ~straight_lines(section).any(axis=0))


def surprises(fitted: Mapping[str, Surprise], found: Mapping[str, FloatArray]) -> FloatArray:
    """float32[stream, channel, sample] in decades, 0 where not scored."""
    return np.stack([np.nan_to_num(surprise.of(found[name]), nan=0.0) for name, surprise in fitted.items()])


def all_reasons(members: Mapping[str, Detector], section: Section) -> list[Reasons]:
    """The reasons of those members that name any kind."""
    said = [member.reasons(section) for member in members.values() if isinstance(member, Explainer)]
    return [reasons for reasons in said if reasons.kinds]


def members_apart(members: Mapping[str, Detector], train: Sequence[Section]) -> tuple[dict[str, Detector], ...]:
    """The members as they are without each training section; none unless all of them can tell."""
    told = [apart_of(member, train) for member in members.values()]
    return tuple(dict(zip(members, own, strict=True)) for own in zip(*told, strict=False))


def cases(
    members: Mapping[str, Detector],
    apart: Sequence[Mapping[str, Detector]],
    train: Sequence[Section],
    context: DetectContext,
) -> list[Case]:
    """What to calibrate on: training sections where all members can judge them as new ones, and validation sections.

    Where there is neither, the training sections as they are.

    Args:
        members: fitted, by name.
        apart: from members_apart.
        train: training sections.
        context: as the members were fitted with.
    """
    found = [
        Case(own, section, _at(context.recordings, number))
        for number, (own, section) in enumerate(zip(apart, train, strict=False))
    ]
    found += [
        Case(members, section, _at(context.calibration, number)) for number, section in enumerate(context.validation)
    ]
    return found or [Case(members, section, None) for section in train]


def _at(recordings: Sequence[Recording], number: int) -> Recording | None:
    return recordings[number] if number < len(recordings) else None


def known_faults(context: DetectContext, case: Case, plan: CopyPlan, rng: np.random.Generator) -> list[Known]:
    """Copies of a case's recording with faults injected; none without a normaliser, or where no fault applies."""
    normaliser, recording = context.normaliser, case.recording
    if normaliser is None or recording is None:
        return []
    sound = intact(case.section, context.kind)
    usable = [fault for fault in context.faults if fault.targets(recording)]
    known = []
    for _ in range(plan.copies if usable else 0):
        injection = inject(recording, usable, fraction=plan.fraction, rng=rng)
        copy = _known(context, injection, normaliser.apply(injection.recording), plan.kinds)
        altered = np.asarray(copy.label.any(axis=0 if context.kind == "logs" else 1, keepdims=True))
        known.append(dataclasses.replace(copy, told=copy.told & (sound | altered)))
    return known


def _known(context: DetectContext, injection: Injection, section: Section, kinds: Sequence[str]) -> Known:
    names, logs = injection.recording.names, context.kind == "logs"
    whole: BoolArray = np.asarray(injection.label.any(axis=1, keepdims=True))
    label: BoolArray = _curve_label(context, injection, section) if logs else whole
    altered: BoolArray = np.asarray(label.any(axis=0 if logs else 1))
    numbers = np.full(altered.size, -1, dtype=np.int64)
    for event in injection.events:
        rows = np.arange(event.start, event.stop) if logs else np.array([names.index(name) for name in event.channels])
        if event.kind in kinds:
            numbers[rows] = list(kinds).index(event.kind)
    seen: BoolArray = section.mask if logs else np.asarray(section.mask.any(axis=1, keepdims=True))
    return Known(section, label, np.where(altered, numbers, -1), seen)


def _curve_label(context: DetectContext, injection: Injection, section: Section) -> BoolArray:
    """bool[channel, sample] for the section's channels; a curve that the well lacks is intact."""
    label = np.zeros(section.values.shape, dtype=np.bool_)
    names = injection.recording.names
    for row, curve in enumerate(getattr(context.normaliser, "curves", names)):
        if curve in names:
            label[row] = injection.label[names.index(curve)]
    return label
