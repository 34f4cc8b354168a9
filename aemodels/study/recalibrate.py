"""Recalibration from reviews: levels and the weight of one member, judged on wells or lines that nobody reviewed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Recording
from aemodels.detect.fusion.fusion import FusionDetector
from aemodels.review.labels import WellLabels
from aemodels.review.levels import MIN_FAULTS, Events, Floats, fit_divisors, is_better, joined
from aemodels.signal.wells import well_keys
from aemodels.study.calibrate import usable_recordings
from aemodels.study.judge_levels import Judgement, judge
from aemodels.study.reviewed_wells import EvaluatedWell, evaluate_well, event_places, events_at

MIN_WELLS = 3
TRACES = "traces"  # the only level of a line
MEMBER_DIVISORS = (1.5, 2.0, 3.0, 5.0)  # that the evidence of one member may be weakened by


@dataclass(frozen=True)
class Change:
    """Changes that a recalibration makes.

    Args:
        divisors: curves and what their scores are divided by; curves that stay as they are are absent. A line has one
            level, TRACES: its threshold is multiplied instead.
        member: of the fusion whose evidence is weakened; "" = none.
        member_divisor: what its -log10 p are divided by.
    """

    divisors: tuple[tuple[str, float], ...] = ()
    member: str = ""
    member_divisor: float = 1.0

    @property
    def is_empty(self) -> bool:
        """True if nothing changes."""
        return not self.divisors and not self.member


AS_IT_IS = Change()


@dataclass(frozen=True)
class ReviewedWell:
    """Labels of a reviewed well or line, flagged as before and by a change that was fitted without it.

    Args:
        name: of the well.
        sha256: of its file.
        faults: labelled intervals that are faults.
        found_before, found_after: of these, flagged.
        sound: labelled intervals and passed peaks that are sound.
        wrong_before, wrong_after: of these, flagged.
    """

    name: str
    sha256: str
    faults: int
    found_before: int
    found_after: int
    sound: int
    wrong_before: int
    wrong_after: int


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A recalibrated bundle with its evidence.

    Args:
        bundle: recalibrated; the same as `source` if the reviews give no reason to change anything.
        source: as it was.
        change: what differs.
        reviewed: the reviewed wells.
        judgement: of both bundles on the other wells.
        findings: files left out, and doubts.
    """

    bundle: Bundle
    source: Bundle
    change: Change
    reviewed: tuple[ReviewedWell, ...]
    judgement: Judgement
    findings: tuple[Finding, ...]


def recalibrate(bundle: Bundle, recordings: Sequence[Recording], labels: Mapping[str, WellLabels]) -> Recalibration:
    """Fit the levels of a bundle to reviewed wells or lines, and judge them on the others.

    Few wells bear few numbers: a divisor per curve and the weight of one member, each moved only if several wells ask
    for it (`review.levels`); of lines the threshold. Networks and p-values stay as they are.

    Args:
        bundle: a fitted one.
        recordings: wells or lines of its kind; those with labels are learned from, all others are judged by.
        labels: by sha256 of the file.

    Raises:
        DataError: if fewer than three reviewed or three other wells or lines can be used.
    """
    usable, findings = usable_recordings(bundle, recordings)
    files = [recording.source.sha256 for recording in usable]
    keys = dict(zip(files, well_keys(usable) if bundle.kind == "logs" else files, strict=True))
    reviewed = [well for well in usable if well.source.sha256 in labels]
    taken = {keys[well.source.sha256] for well in reviewed}
    others = [well for well in usable if keys[well.source.sha256] not in taken]
    things = "wells" if bundle.kind == "logs" else "lines"
    counts = {f"reviewed {things}": len(taken), f"other {things}": len({keys[one.source.sha256] for one in others})}
    for what, count in counts.items():
        if count < MIN_WELLS:
            raise DataError(
                f"{count} {what} among {len(recordings)} files that {bundle.name} was not trained on; expected at "
                f"least {MIN_WELLS}: reviewed ones to learn from, and others to judge by; give more files"
            )
    findings += _disputed(reviewed, labels)
    evaluated = [evaluate_well(bundle, well) for well in reviewed]
    numbers = {key: number for number, key in enumerate(sorted(taken))}
    groups = [numbers[keys[well.source.sha256]] for well in reviewed]
    own = [labels[well.source.sha256] for well in reviewed]
    variants = {variant: _events(bundle, variant, evaluated, own, groups) for variant in _variants(bundle)}
    change = _choose(bundle, variants)
    findings += _few_faults(joined(variants[AS_IT_IS]), bundle)
    rows = _cross_fitted(bundle, variants, reviewed, groups)
    changed = _changed(bundle, change, reviewed)
    return Recalibration(changed, bundle, change, rows, judge(bundle, changed, others), tuple(findings))


def _levels(bundle: Bundle) -> tuple[str, ...]:
    return tuple(bundle.curves) or (TRACES,)


def _disputed(reviewed: Sequence[Recording], labels: Mapping[str, WellLabels]) -> list[Finding]:
    return [
        Finding(
            "info",
            "disputed",
            well.name,
            f"{labels[well.source.sha256].disputed} decisions that contradict each other",
            "reviewers who agree",
            "they are left out; decide together and review again",
        )
        for well in reviewed
        if labels[well.source.sha256].disputed
    ]


def _few_faults(events: Events, bundle: Bundle) -> list[Finding]:
    """Return a finding if too few flags are right for a level to be raised."""
    known = int((events.fault & events.flagged(np.ones(len(_levels(bundle))))).sum())
    if known >= MIN_FAULTS:
        return []
    expected, remedy = f"at least {MIN_FAULTS}, or no level is raised", "review more wells"
    return [Finding("warning", "few-faults", "reviews", f"{known} flags that are right", expected, remedy)]


def _variants(bundle: Bundle) -> list[Change]:
    """Return no change, and one member weakened; the members of a fusion alone have weights."""
    members = bundle.detector.members if isinstance(bundle.detector, FusionDetector) else {}
    return [AS_IT_IS, *(Change((), name, divisor) for name in members for divisor in MEMBER_DIVISORS)]


def _with_member(bundle: Bundle, change: Change) -> Bundle:
    if not change.member:
        return bundle
    assert isinstance(bundle.detector, FusionDetector)
    return dataclasses.replace(
        bundle, detector=bundle.detector.with_weaker_member(change.member, change.member_divisor)
    )


def _events(
    bundle: Bundle,
    variant: Change,
    evaluated: Sequence[EvaluatedWell],
    labels: Sequence[WellLabels],
    groups: Sequence[int],
) -> list[Events]:
    """Return the events of each reviewed file with the scores of a variant; which they are does not depend on it."""
    changed, found = _with_member(bundle, variant), []
    for well, own, group in zip(evaluated, labels, groups, strict=True):
        places = event_places(well.units(bundle), well, own, _levels(bundle))
        found.append(events_at(places, well.units(changed), group))
    return found


def _choose(bundle: Bundle, variants: Mapping[Change, Sequence[Events]]) -> Change:
    """Return the change with the highest F score on some reviewed wells.

    A member is weakened only if that is better, in several wells, than moving the levels of curves alone.
    """
    before = joined(variants[AS_IT_IS])
    best, flags = AS_IT_IS, before.flagged(np.ones(len(_levels(bundle))))
    for variant, parts in variants.items():
        events = joined(parts)
        divisors = fit_divisors(events, len(_levels(bundle)))
        flagged = events.flagged(divisors)
        if is_better(events, flagged, flags):
            best, flags = dataclasses.replace(variant, divisors=_by_curve(bundle, divisors)), flagged
    return best


def _by_curve(bundle: Bundle, divisors: Floats) -> tuple[tuple[str, float], ...]:
    pairs = zip(_levels(bundle), divisors.tolist(), strict=True)
    return tuple((curve, round(divisor, 4)) for curve, divisor in pairs if divisor != 1.0)


def _cross_fitted(
    bundle: Bundle, variants: Mapping[Change, Sequence[Events]], reviewed: Sequence[Recording], groups: Sequence[int]
) -> tuple[ReviewedWell, ...]:
    """Return the outcome in each reviewed well of a change that was fitted without it, and without other files of it.

    Args:
        bundle: as it is.
        variants: events of each well.
        reviewed: the wells.
        groups: number of the well that each file belongs to.
    """
    changes = {}
    for group in sorted(set(groups)):
        kept = [number for number, own in enumerate(groups) if own != group]
        changes[group] = _choose(bundle, {key: [parts[number] for number in kept] for key, parts in variants.items()})
    rows = []
    for number, (well, group) in enumerate(zip(reviewed, groups, strict=True)):
        change = changes[group]
        before, after = variants[AS_IT_IS][number], variants[dataclasses.replace(change, divisors=())][number]
        divisors = np.array([dict(change.divisors).get(level, 1.0) for level in _levels(bundle)])
        flags = before.flagged(np.ones(len(_levels(bundle)))), after.flagged(divisors)
        rows.append(_outcome(well, before.fault, *flags))
    return tuple(rows)


def _outcome(well: Recording, fault: BoolArray, before: BoolArray, after: BoolArray) -> ReviewedWell:
    return ReviewedWell(
        name=well.name,
        sha256=well.source.sha256,
        faults=int(fault.sum()),
        found_before=int((fault & before).sum()),
        found_after=int((fault & after).sum()),
        sound=int((~fault).sum()),
        wrong_before=int((~fault & before).sum()),
        wrong_after=int((~fault & after).sum()),
    )


def _changed(bundle: Bundle, change: Change, reviewed: Sequence[Recording]) -> Bundle:
    """Return the bundle with a change; the reviewed wells count as seen from now on."""
    if change.is_empty:
        return bundle
    seen = tuple(sorted({*bundle.trained_on, *(well.source.sha256 for well in reviewed)}))
    if bundle.kind == "seismic":
        factor, hints = dict(change.divisors).get(TRACES, 1.0), bundle.suspect_threshold
        return dataclasses.replace(
            _with_member(bundle, change),
            threshold=bundle.threshold * factor,
            suspect_threshold=None if hints is None else hints * factor,
            trained_on=seen,
        )
    divisors = dict(bundle.curve_divisors)
    for curve, divisor in change.divisors:
        divisors[curve] = round(divisors.get(curve, 1.0) * divisor, 4)
    return dataclasses.replace(
        _with_member(bundle, change),
        curve_divisors=divisors,
        trained_on=seen,
    )
