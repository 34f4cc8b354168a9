"""What every detector shares: one protocol and scores that compare across curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import FloatArray, Kind, Recording, Section
from aemodels.faults.base import FaultBase
from aemodels.signal.normalise import Normaliser

_SEPARATOR = "/"


@dataclass(frozen=True)
class DetectContext:
    """What a detector may know while it is fitted or restored.

    Args:
        kind: "logs" or "seismic".
        seed: root of all its randomness.
        denoisers: fitted denoisers by contender name, for detectors that score reconstruction errors.
        recordings: the training recordings behind the sections, in canonical units, to inject faults into; empty
            where a detector is restored.
        validation: clean validation sections, to calibrate on; empty where a detector is restored.
        normaliser: brings faulty copies to the sections' scale.
        faults: the kinds that a detector may be trained on.
        calibration: the recordings behind the validation sections, to inject faults into where detectors are combined.
        specs: the experiment's detectors by name, for detectors that are made of others.
        fitted: those of them that are fitted already, so that none is fitted twice.
        left_out: a fault kind that no detector may learn from, if any.
    """

    kind: Kind
    seed: int
    denoisers: Mapping[str, Denoiser]
    recordings: tuple[Recording, ...] = ()
    validation: tuple[Section, ...] = ()
    normaliser: Normaliser | None = None
    faults: tuple[FaultBase, ...] = ()
    calibration: tuple[Recording, ...] = ()
    specs: Mapping[str, DetectorFactory] = field(default_factory=dict)
    fitted: Mapping[str, Detector] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, eq=False)
class Reasons:
    """What speaks for each fault kind, row by row.

    Args:
        kinds: names of fault kinds.
        score: float32[kind, row], higher = speaks more for that kind; comparable between kinds; NaN = nothing known.
    """

    kinds: tuple[str, ...]
    score: FloatArray


class Detector(Protocol):
    """A fitted detector."""

    def score(self, section: Section) -> FloatArray:
        """Higher = more anomalous, NaN where unobserved.

        Returns:
            float32[channel, sample] (logs: every curve at every depth) or [channel, 1] (seismic: every trace).
        """
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was fitted, as plain numeric arrays."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """A fitted detector that can say which fault it sees."""

    def reasons(self, section: Section) -> Reasons: ...


@runtime_checkable
class Witness(Protocol):
    """A fitted detector whose score is made of several, each on a scale of its own."""

    def voices(self, section: Section) -> Mapping[str, FloatArray]:
        """Scores by name, each float32 of the score's shape, higher = more anomalous, NaN where unobserved."""
        ...


@runtime_checkable
class CrossFitted(Protocol):
    """A detector that can judge what it was fitted to as it would judge something new.

    References:
        Vovk, V. (2015), Cross-conformal predictors, Annals of Mathematics and Artificial Intelligence 74, 9; Barber,
        Candes, Ramdas & Tibshirani (2021), Annals of Statistics 49, 486 (calibrating on what each fit has left out).
    """

    @property
    def apart(self) -> Sequence[Detector]:
        """For each training section the detector as it is without it; none once it is restored."""
        ...


class DetectorFactory(Protocol):
    """What every detector spec offers beside its fields."""

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector: ...

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector: ...


def apart_of(detector: Detector, train: Sequence[Section]) -> Sequence[Detector]:
    """For each training section the detector as it is without it; none where the detector cannot tell."""
    found = detector.apart if isinstance(detector, CrossFitted) else ()
    return found if len(found) == len(train) > 1 else ()


def row_scores(channel_scores: FloatArray, kind: Kind) -> FloatArray:
    """One score a depth sample (the worst curve) or a trace; NaN where nothing was observed: float32[row]."""
    if kind == "seismic":
        return channel_scores[:, 0]
    worst = np.where(np.isfinite(channel_scores), channel_scores, -np.inf).max(axis=0)
    return np.where(np.isfinite(worst), worst, np.nan).astype(np.float32)


def parted(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of one part of a detector, under names that tell the part."""
    return {f"{name}{_SEPARATOR}{key}": array for key, array in arrays.items()}


def part(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """The inverse of parted: the arrays of one part, under their own names."""
    prefix = f"{name}{_SEPARATOR}"
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def error_scores(section: Section, rebuilt: FloatArray, kind: Kind) -> FloatArray:
    """Reconstruction error: |difference| of each sample (logs), or rms of a trace's difference over its own rms.

    Traces are judged by the share that cannot be rebuilt: amplitudes differ by orders of magnitude with offset and
    from line to line, and what is loud is not therefore bad.
    """
    error = np.where(section.mask, np.abs(section.values - rebuilt), np.nan)
    if kind == "logs":
        return error.astype(np.float32)
    power = _power(section.values, section)
    share = np.sqrt(_power(section.values - rebuilt, section) / np.maximum(power, 1e-12))
    return np.where(section.mask.any(axis=1, keepdims=True), share, np.nan).astype(np.float32)


def _power(values: FloatArray, section: Section) -> NDArray[np.float64]:
    """Mean square of each trace's observed samples: float64[trace, 1]."""
    square = np.where(section.mask, values.astype(np.float64) ** 2, 0).sum(axis=1, keepdims=True)
    return np.asarray(square / np.maximum(section.mask.sum(axis=1, keepdims=True), 1))


def channel_scale(scores: Sequence[FloatArray], kind: Kind) -> NDArray[np.float32]:
    """The 99th percentile of training scores, curve by curve (logs) or of all traces, so that curves compare.

    Returns:
        float32[channel, 1] (logs) or [1, 1] (seismic), positive.
    """
    if kind == "seismic":
        return _percentile(np.concatenate([s.ravel() for s in scores])).reshape(1, 1)
    joined = np.concatenate(scores, axis=1)
    return np.stack([_percentile(row) for row in joined])[:, None]


def _percentile(values: FloatArray) -> NDArray[np.float32]:
    finite = values[np.isfinite(values)]
    typical = float(np.percentile(finite, 99)) if finite.size else 1.0
    return np.array(max(typical, 1e-6), dtype=np.float32)
