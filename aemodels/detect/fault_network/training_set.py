"""Training sets of the fault network: input features and labels of wells with injected faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import BoolArray, Recording
from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves
from aemodels.detect.depth_shift.well_features import WellFeatures
from aemodels.detect.fault_network.augmentation import Augmentation
from aemodels.detect.fault_network.features import input_features, straight_lines
from aemodels.faults.base import FaultBase, kind_of
from aemodels.faults.inject import Injection, inject
from aemodels.signal.bad_hole import unreliable_depths, with_bad_hole
from aemodels.signal.normalise import Normaliser

LABEL_MISSING = -1
# Kinds that every well has of its own, and that only a caliper or a density correction tells from rock.
HOLE_KINDS = ("washout",)
UNSPECIFIC = "unknown"  # the kind of unspecific faults
_DRAWS, _MAX_REPEATS = 20, 8
_MIN_PARALLEL_SAMPLES = 500_000  # in all copies: below it, starting processes takes longer than they save


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Labelled copies of wells.

    Args:
        inputs: float16[sample, feature] of each copy.
        labels: int8[sample, kind * curve + 1] of each copy: for every kind and curve (curves fastest), then for the
            sample as a whole, 1 = faulty, 0 = clean, -1 = unobserved, or a straight line or bad hole that was in
            the well before, or bad hole in a well that has neither caliper nor density correction to tell it.
        counts: faulty samples of each kind in all copies.
    """

    inputs: tuple[NDArray[np.float16], ...]
    labels: tuple[NDArray[np.int8], ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class TrainingSetSpec:
    """Content of a training set.

    Args:
        faults: fault specs, in the order of the labels.
        fraction: share of each copy's samples that is faulty, lowest and highest.
        seed: root of the randomness.
        distinguish_kinds: if False, all kinds share the label UNSPECIFIC.
        augmentation: of the wells before faults are injected.
    """

    faults: tuple[FaultBase, ...]
    fraction: tuple[float, float]
    seed: tuple[int, ...]
    distinguish_kinds: bool = True
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds, without repetition."""
        return tuple(dict.fromkeys(self.label_of(kind_of(fault)) for fault in self.faults))

    def label_of(self, kind: str) -> str:
        """Return the label of a fault kind."""
        return kind if self.distinguish_kinds else UNSPECIFIC


def build_training_set(
    context: DetectContext,
    predictors: Sequence[RidgeFromOtherCurves],
    spec: TrainingSetSpec,
    copies: Sequence[int],
) -> TrainingSet:
    """Inject faults into copies of the training wells.

    Every other copy has faults of all kinds; the rest of half of them, so that short kinds, which long ones crowd out
    of a shared well, are represented.

    Args:
        context: with the recordings, and the normaliser that brings them to the scale of the sections.
        predictors: one per recording, fitted without it.
        spec: faults and augmentation.
        copies: of each recording.

    Raises:
        SpecError: if a kind that applies to the wells is in no copy, or there is no normaliser.
    """
    if context.normaliser is None:
        raise SpecError("a detector trained on faults needs the normaliser of the training sections")
    wells = [
        _Well(recording, predictor, known, count, (*spec.seed, number))
        for number, (recording, predictor, known, count) in enumerate(
            zip(context.recordings, predictors, _hole_known(context.recordings), copies, strict=True)
        )
    ]
    found = [copy for of_well in _parallel(wells, spec, context.normaliser) for copy in of_well]
    counts = {kind: sum(copy.counts[number] for copy in found) for number, kind in enumerate(spec.kinds)}
    absent = [kind for kind, count in counts.items() if not count]
    if absent or not found:
        raise SpecError(
            f"no sample of {', '.join(absent) or 'any kind'} in {len(found)} faulty copies of "
            f"{len(context.recordings)} training wells; increase copies, add wells, or remove the kind"
        )
    return TrainingSet(tuple(copy.inputs for copy in found), tuple(copy.labels for copy in found), counts)


@dataclass(frozen=True, eq=False)
class _Well:
    """A training well and what its copies depend on, so that they are the same in any order and process.

    Args:
        recording: the well.
        predictor: fitted without it.
        hole_known: False if nothing tells its bad hole.
        copies: number of copies.
        seed: of its copies.
    """

    recording: Recording
    predictor: RidgeFromOtherCurves
    hole_known: bool
    copies: int
    seed: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Copy:
    """One faulty copy: inputs and labels as in TrainingSet, faulty samples of each kind."""

    inputs: NDArray[np.float16]
    labels: NDArray[np.int8]
    counts: list[int]


def _parallel(wells: Sequence[_Well], spec: TrainingSetSpec, normaliser: Normaliser) -> list[list[_Copy]]:
    """Return the copies of each well, worked out in a process per core if there is work for them."""
    samples = sum(well.copies * well.recording.axis.size for well in wells)
    if samples < _MIN_PARALLEL_SAMPLES:
        return [_copies(well, spec, normaliser) for well in wells]
    from joblib import Parallel, delayed

    longest_first = np.argsort([-well.copies * well.recording.axis.size for well in wells], kind="stable")
    jobs = Parallel(n_jobs=-1)(delayed(_copies)(wells[number], spec, normaliser) for number in longest_first)
    return [jobs[place] for place in np.argsort(longest_first)]


def _copies(well: _Well, spec: TrainingSetSpec, normaliser: Normaliser) -> list[_Copy]:
    """Return the faulty copies of one well; none if no fault applies to it."""
    rng = np.random.default_rng(well.seed)
    recording = well.recording
    faults = [fault for fault in spec.faults if fault.targets(recording)]
    faults = [fault for fault in faults if well.hole_known or kind_of(fault) not in HOLE_KINDS]
    usable = _repeated(faults, recording, rng)
    copies = []
    for number in range(well.copies if usable else 0):
        clean = spec.augmentation.apply(recording, normaliser, rng)
        # straight lines were not measured; bad hole and reviewed faults are faults: none is an example of clean samples
        before = with_bad_hole(normaliser.apply(clean), clean)
        usable_as_clean = before.good_hole & ~straight_lines(before)
        injection = _inject(clean, usable if number % 2 == 0 else _half(usable, rng), spec, rng)
        section = normaliser.apply(injection.recording)
        label = _labels(normaliser, injection, section.mask & usable_as_clean, spec)
        width = len(section.values)
        if not well.hole_known:
            label = _without_hole_kinds(label, spec, width)
        by_kind = (label[:, kind * width : (kind + 1) * width] == 1 for kind in range(len(spec.kinds)))
        counts = [int(faulty.any(axis=1).sum()) for faulty in by_kind]
        inputs = input_features(WellFeatures(section), well.predictor).astype(np.float16)
        copies.append(_Copy(inputs, label, counts))
    return copies


def _hole_known(recordings: Sequence[Recording]) -> list[bool]:
    """Return whether a well's bad hole is known; True for all if it is known for none, as nothing better is at hand."""
    known = [unreliable_depths(recording) is not None for recording in recordings]
    return known if any(known) else [True] * len(known)


def _without_hole_kinds(label: NDArray[np.int8], spec: TrainingSetSpec, width: int) -> NDArray[np.int8]:
    """Return the labels without those that bad hole decides: of its kinds, and of the sample as a whole."""
    label = label.copy()
    for number, kind in enumerate(spec.kinds):
        if kind in HOLE_KINDS or (kind == UNSPECIFIC and not spec.distinguish_kinds):
            label[:, number * width : (number + 1) * width] = LABEL_MISSING
    label[:, -1] = LABEL_MISSING
    return label


def _inject(
    recording: Recording, faults: Sequence[FaultBase], spec: TrainingSetSpec, rng: np.random.Generator
) -> Injection:
    return inject(recording, faults, fraction=float(rng.uniform(*spec.fraction)), rng=rng)


def _repeated(faults: Sequence[FaultBase], recording: Recording, rng: np.random.Generator) -> list[FaultBase]:
    """Return the faults with short kinds repeated: kinds are drawn per event, and short events have few samples."""
    lengths = [np.mean([fault.draw_length(recording, rng)[1] for _ in range(_DRAWS)]) for fault in faults]
    repeats = [int(np.clip(np.round(np.sqrt(max(lengths) / length)), 1, _MAX_REPEATS)) for length in lengths]
    return [fault for fault, count in zip(faults, repeats, strict=True) for _ in range(count)]


def _half(faults: Sequence[FaultBase], rng: np.random.Generator) -> list[FaultBase]:
    """Return the faults of a random half of the kinds."""
    kinds = list(dict.fromkeys(kind_of(fault) for fault in faults))
    picked = {kinds[index] for index in rng.permutation(len(kinds))[: (len(kinds) + 1) // 2]}
    return [fault for fault in faults if kind_of(fault) in picked]


def _labels(
    normaliser: Normaliser, injection: Injection, has_label: BoolArray, spec: TrainingSetSpec
) -> NDArray[np.int8]:
    """Return int8[sample, kind * curve + 1], as in TrainingSet.

    Args:
        normaliser: it names the curves.
        injection: recording, label and events.
        has_label: bool[curve, sample], True if the sample is clean unless a fault was injected.
        spec: names of the kinds, in the order of the labels.
    """
    curves = getattr(normaliser, "curves", ())
    names = injection.recording.names
    width, samples = has_label.shape
    kinds = spec.kinds
    out = np.zeros((len(kinds), width, samples), dtype=np.int8)
    for event in injection.events:
        window = slice(event.start, event.stop)
        for name in event.channels:
            if name in curves:
                hit = injection.label[names.index(name), window]
                out[kinds.index(spec.label_of(event.kind)), curves.index(name), window] |= hit.astype(np.int8)
    any_fault: NDArray[np.int8] = np.asarray(out.any(axis=(0, 1)), dtype=np.int8)
    out[:, ~has_label & ~out.any(axis=0)] = LABEL_MISSING
    any_fault[~has_label.any(axis=0) & (any_fault == 0)] = LABEL_MISSING
    return np.concatenate([out.reshape(-1, samples), any_fault[None]]).T.copy()
