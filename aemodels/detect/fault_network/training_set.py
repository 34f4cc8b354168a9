"""Training wells with faults injected, as a network is to learn them: input channels and labels, every kind counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import BoolArray, Recording, Section
from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.linear_predictor import CrossPredictor
from aemodels.detect.fault_network.augmentation import Variety
from aemodels.detect.fault_network.features import channels, straight_lines
from aemodels.faults.base import FaultBase, kind_of
from aemodels.faults.inject import Injection, inject

LABEL_MISSING = -1
UNNAMED = "unknown"
_DRAWS, _MOST_TURNS = 20, 8


@dataclass(frozen=True, eq=False)
class Pool:
    """Labelled copies of wells.

    Args:
        inputs: float16[sample, channel] of each copy.
        labels: int8[sample, kind * curve + 1] of each copy: for every kind and curve (curves fastest), then for the
            sample as a whole, 1 = faulty, 0 = intact, -1 = not observed, or a straight line that was there before.
        counts: faulty samples of each kind in all copies.
    """

    inputs: tuple[NDArray[np.float16], ...]
    labels: tuple[NDArray[np.int8], ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class PoolPlan:
    """How a pool is made.

    Args:
        faults: the kinds, in the order of the labels.
        copies: of each well.
        fraction: of each copy's samples that are faulty, lowest and highest.
        seed: root of the randomness.
        named: whether kinds are told apart; if not, all are UNNAMED.
        variety: how copies differ from the wells before faults are injected.
    """

    faults: tuple[FaultBase, ...]
    copies: int
    fraction: tuple[float, float]
    seed: tuple[int, ...]
    named: bool = True
    variety: Variety = field(default_factory=Variety)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds; of several variants of one kind, the name stands once."""
        return tuple(dict.fromkeys(self.label_of(kind_of(fault)) for fault in self.faults))

    def label_of(self, kind: str) -> str:
        """What a fault of a kind is called here."""
        return kind if self.named else UNNAMED


def build_pool(context: DetectContext, predictors: Sequence[CrossPredictor], plan: PoolPlan) -> Pool:
    """Inject faults into copies of the training wells.

    Every other copy holds all kinds; the rest hold half of them, so that short kinds, crowded out by long ones where
    they share a well, get their part.

    Args:
        context: its recordings are injected into, its normaliser brings them to the sections' scale.
        predictors: one a recording, fitted without it.
        plan: what to inject.

    Raises:
        SpecError: if a kind that applies to the wells is in no copy.
    """
    rng = np.random.default_rng(plan.seed)
    inputs, labels = [], []
    counts = dict.fromkeys(plan.kinds, 0)
    for recording, predictor in zip(context.recordings, predictors, strict=True):
        usable = _shares([fault for fault in plan.faults if fault.targets(recording)], recording, rng)
        for copy in range(plan.copies if usable else 0):
            intact = plan.variety.of(recording, context.normaliser, rng)
            # straight lines that the well has anyway are no rock to learn from
            straight = straight_lines(_normalised(context, intact))
            injection = _injected(intact, usable if copy % 2 == 0 else _half(usable, rng), plan, rng)
            section = _normalised(context, injection.recording)
            label = _labels(context, injection, section.mask & ~straight, plan)
            inputs.append(channels(section, predictor).astype(np.float16))
            labels.append(label)
            for number, kind in enumerate(plan.kinds):
                width = len(section.values)
                counts[kind] += int((label[:, number * width : (number + 1) * width] == 1).any(axis=1).sum())
    absent = [kind for kind, count in counts.items() if not count]
    if absent or not inputs:
        raise SpecError(
            f"no sample of {', '.join(absent) or 'any kind'} in {len(inputs)} faulty copies of "
            f"{len(context.recordings)} training wells; give more copies, more wells, or leave the kind out"
        )
    return Pool(tuple(inputs), tuple(labels), counts)


def _injected(recording: Recording, faults: Sequence[FaultBase], plan: PoolPlan, rng: np.random.Generator) -> Injection:
    return inject(recording, faults, fraction=float(rng.uniform(*plan.fraction)), rng=rng)


def _shares(faults: Sequence[FaultBase], recording: Recording, rng: np.random.Generator) -> list[FaultBase]:
    """The faults, short ones several times: kinds take turns by events, and one of two samples teaches little."""
    lengths = [np.mean([fault.draw_length(recording, rng)[1] for _ in range(_DRAWS)]) for fault in faults]
    turns = [int(np.clip(np.round(np.sqrt(max(lengths) / length)), 1, _MOST_TURNS)) for length in lengths]
    return [fault for fault, turn in zip(faults, turns, strict=True) for _ in range(turn)]


def _half(faults: Sequence[FaultBase], rng: np.random.Generator) -> list[FaultBase]:
    kinds = list(dict.fromkeys(kind_of(fault) for fault in faults))
    picked = {kinds[place] for place in rng.permutation(len(kinds))[: (len(kinds) + 1) // 2]}
    return [fault for fault in faults if kind_of(fault) in picked]


def _normalised(context: DetectContext, recording: Recording) -> Section:
    if context.normaliser is None:
        raise SpecError("a detector trained on faults needs the normaliser of the training sections")
    return context.normaliser.apply(recording)


def _labels(context: DetectContext, injection: Injection, told: BoolArray, plan: PoolPlan) -> NDArray[np.int8]:
    """int8[sample, kind * curve + 1], see Pool.

    Args:
        told: bool[curve, sample], where what is not faulty is intact.
    """
    curves = getattr(context.normaliser, "curves", ())
    names = injection.recording.names
    width, samples = told.shape
    kinds = plan.kinds
    out = np.zeros((len(kinds), width, samples), dtype=np.int8)
    for event in injection.events:
        window = slice(event.start, event.stop)
        for name in event.channels:
            if name in curves:
                hit = injection.label[names.index(name), window]
                out[kinds.index(plan.label_of(event.kind)), curves.index(name), window] |= hit.astype(np.int8)
    every: NDArray[np.int8] = np.asarray(out.any(axis=(0, 1)), dtype=np.int8)
    out[:, ~told & ~out.any(axis=0)] = LABEL_MISSING
    every[~told.any(axis=0) & (every == 0)] = LABEL_MISSING
    return np.concatenate([out.reshape(-1, samples), every[None]]).T.copy()
