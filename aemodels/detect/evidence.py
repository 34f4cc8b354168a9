"""What the members of a fusion say of one recording, on one scale; and what they said where the truth is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.detect.base import DetectContext, Detector, Explainer, Reasons, Witness
from aemodels.detect.channels import flat_lengths
from aemodels.detect.surprise import Surprise
from aemodels.faults.inject import Injection, inject
from aemodels.signal.quality import STUCK_SAMPLES
from aemodels.types import BoolArray, FloatArray, IntArray, Kind, Section


@dataclass(frozen=True, eq=False)
class Known:
    """A section with faults whose places are known.

    Args:
        section: with faults.
        label: bool[channel, sample] (logs) or bool[trace, 1]: altered.
        kinds: int64[row], number of the fault kind of a row's event, -1 = none.
        told: bool of the label's shape: observed, and altered or intact; a flat line that was there before is neither.
    """

    section: Section
    label: BoolArray
    kinds: IntArray
    told: BoolArray


def streams(members: Mapping[str, Detector], section: Section) -> dict[str, FloatArray]:
    """Scores of each member, float32[channel, sample] or [trace, 1], and those that they are made of."""
    out = {}
    for name, member in members.items():
        out[name] = member.score(section)
        if isinstance(member, Witness):
            out |= {f"{name}:{voice}": scores for voice, scores in member.voices(section).items()}
    return out


def intact(section: Section, kind: Kind) -> BoolArray:
    """What may stand for intact rock: without the flat lines that any real log has; of scores' shape."""
    if kind == "seismic":
        return np.asarray(section.mask.any(axis=1, keepdims=True))
    flat = (flat_lengths(section) >= STUCK_SAMPLES).any(axis=0)
    return np.asarray(section.mask & ~flat)


def surprises(fitted: Mapping[str, Surprise], found: Mapping[str, FloatArray]) -> FloatArray:
    """float32[stream, channel, sample] in decades, 0 where not scored."""
    return np.stack([np.nan_to_num(surprise.of(found[name]), nan=0.0) for name, surprise in fitted.items()])


def all_reasons(members: Mapping[str, Detector], section: Section) -> list[Reasons]:
    """The reasons of those members that name any kind."""
    said = [member.reasons(section) for member in members.values() if isinstance(member, Explainer)]
    return [reasons for reasons in said if reasons.kinds]


def known_faults(context: DetectContext, kinds: Sequence[str], *, copies: int, fraction: float) -> list[list[Known]]:
    """Copies of each validation recording with faults injected, one list a recording; none without a normaliser."""
    rng = np.random.default_rng([context.seed, 9])
    normaliser, found = context.normaliser, []
    if normaliser is None:
        return []
    for recording in context.calibration:
        sound = intact(normaliser.apply(recording), context.kind)
        usable = [fault for fault in context.faults if fault.targets(recording)]
        known = []
        for _ in range(copies if usable else 0):
            injection = inject(recording, usable, fraction=fraction, rng=rng)
            copy = _known(context, injection, normaliser.apply(injection.recording), kinds)
            altered = np.asarray(copy.label.any(axis=0 if context.kind == "logs" else 1, keepdims=True))
            known.append(dataclasses.replace(copy, told=copy.told & (sound | altered)))
        if known:
            found.append(known)
    return found


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
