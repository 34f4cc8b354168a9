"""The detector protocols, and helpers that all detectors share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser, WarmStart
from aemodels.core.types import FloatArray, Kind, Recording, Section
from aemodels.faults.base import FaultBase
from aemodels.signal.normalise import Normaliser

_SEPARATOR = "/"


@dataclass(frozen=True)
class DetectContext:
    """Everything beside the training sections that fitting or restoring a detector may use.

    Args:
        kind: "logs" or "seismic".
        seed: root of all randomness.
        denoisers: fitted denoisers by contender name, for detectors that score reconstruction errors.
        recordings: the training recordings behind the sections, in canonical units, to inject faults into; empty
            when a detector is restored.
        validation: clean validation sections, to calibrate on; empty when a detector is restored.
        normaliser: brings faulty copies to the scale of the sections.
        faults: the fault kinds that a detector may be trained on.
        calibration: the recordings behind the validation sections, to inject faults into when detectors are combined.
        specs: the detectors of the experiment by name, for detectors that consist of others.
        fitted: those of them that are fitted already, so that none is fitted twice.
        other_faults: of another family than `faults`, to fit combinations of detectors to, so that none is trusted for
            knowing the faults that it learned; empty = `faults`.
        left_out_kind: a fault kind that no detector may learn from; empty = none.
        start: fitted detector whose networks the networks of this one start from; None = from nothing.
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
    left_out_kind: str = ""
    other_faults: tuple[FaultBase, ...] = ()
    start: WarmStart[Detector] | None = None

    @property
    def combination_faults(self) -> tuple[FaultBase, ...]:
        """Faults that combinations of detectors are fitted to."""
        return self.other_faults or self.faults


@dataclass(frozen=True, eq=False)
class FaultScores:
    """Scores of each fault kind, row by row.

    Args:
        kinds: names of fault kinds.
        score: float32[kind, row], higher = more evidence of that kind; comparable between kinds; NaN = not scored.
    """

    kinds: tuple[str, ...]
    score: FloatArray


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that a detector finds in a section, worked out once.

    Args:
        score: anomaly scores as of `Detector.score`.
        components: scores by name that the score is built from, each on its own scale: float32 of the score's shape,
            higher = more anomalous, NaN where unobserved; empty if the detector has none.
        fault_scores: of each fault kind; None if the detector does not classify faults.
    """

    score: FloatArray
    components: Mapping[str, FloatArray] = field(default_factory=dict)
    fault_scores: FaultScores | None = None


class Detector(Protocol):
    """A fitted detector."""

    def score(self, section: Section) -> FloatArray:
        """Return anomaly scores: higher = more anomalous, NaN where unobserved.

        Returns:
            float32[channel, sample] (logs: every curve at every depth) or [channel, 1] (seismic: every trace).
        """
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything that was fitted, as plain numeric arrays."""
        ...


@runtime_checkable
class FaultClassifier(Protocol):
    """A fitted detector that also scores each fault kind."""

    def fault_scores(self, section: Section) -> FaultScores:
        """Return the scores of each fault kind per depth sample or trace."""
        ...


class EvaluatedDetector(ABC):
    """A fitted detector that classifies faults and whose scores share most of their work: they come together."""

    @abstractmethod
    def evaluate(self, section: Section) -> Evaluation:
        """Return the scores, those of the components, and those of each fault kind, which may be none."""

    def score(self, section: Section) -> FloatArray:
        """Return anomaly scores, as of `Detector.score`."""
        return self.evaluate(section).score

    def fault_scores(self, section: Section) -> FaultScores:
        """Return the scores of each fault kind per depth sample or trace."""
        found = self.evaluate(section).fault_scores
        assert found is not None, f"{type(self).__name__} evaluates without fault scores"
        return found

    def component_scores(self, section: Section) -> Mapping[str, FloatArray]:
        """Return the scores of the components by name."""
        return self.evaluate(section).components


@runtime_checkable
class CrossFittedDetector(Protocol):
    """A detector that provides out-of-fold copies of itself.

    References:
        Vovk, V. (2015), Cross-conformal predictors, Annals of Mathematics and Artificial Intelligence 74, 9; Barber,
        Candes, Ramdas & Tibshirani (2021), Annals of Statistics 49, 486 (calibration on out-of-fold scores).
    """

    @property
    def out_of_fold(self) -> Sequence[Detector]:
        """For each training section a copy that was fitted without it; empty once the detector is restored."""
        ...


class DetectorFactory(Protocol):
    """The methods of every detector spec."""

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the detector to training sections."""
        ...

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild a fitted detector from its arrays."""
        ...


def evaluate(detector: Detector, section: Section) -> Evaluation:
    """Return everything that a detector finds in a section; nothing that its scores share is worked out twice."""
    if isinstance(detector, EvaluatedDetector):
        return detector.evaluate(section)
    fault_scores = detector.fault_scores(section) if isinstance(detector, FaultClassifier) else None
    return Evaluation(detector.score(section), fault_scores=fault_scores)


def out_of_fold_detectors(detector: Detector, train: Sequence[Section]) -> Sequence[Detector]:
    """Return the out-of-fold detectors, one per training section; empty if unsupported."""
    found = detector.out_of_fold if isinstance(detector, CrossFittedDetector) else ()
    return found if len(found) == len(train) > 1 else ()


def row_scores(channel_scores: FloatArray, kind: Kind) -> FloatArray:
    """Return one score per depth sample (that of the worst curve) or per trace: float32[row], NaN if none is scored."""
    if kind == "seismic":
        return channel_scores[:, 0]
    worst = np.where(np.isfinite(channel_scores), channel_scores, -np.inf).max(axis=0)
    return np.where(np.isfinite(worst), worst, np.nan).astype(np.float32)


def no_fault_scores(rows: int) -> FaultScores:
    """Return the scores of a detector that knows no fault kind."""
    return FaultScores((), np.zeros((0, rows), dtype=np.float32))


def of_one_kind(kind: str | None, scores: FloatArray) -> FaultScores:
    """Return the row scores of a well as evidence of one fault kind; no kinds if it is None.

    Args:
        kind: name of the fault kind.
        scores: float32[channel, sample].
    """
    if kind is None:
        return no_fault_scores(scores.shape[1])
    return FaultScores((kind,), row_scores(scores, "logs")[None])


def prefixed(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays with a prefix before each key, so that several groups fit into one mapping."""
    return {f"{name}{_SEPARATOR}{key}": array for key, array in arrays.items()}


def unprefixed(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one group without its prefix: the inverse of `prefixed`."""
    prefix = f"{name}{_SEPARATOR}"
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def with_new_keys(arrays: Mapping[str, NDArray[Any]], earlier: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Return stored arrays under their present keys.

    Args:
        arrays: as stored, of this version or the one before.
        earlier: earlier key or prefix → present one.
    """
    renamed = {}
    for key, array in arrays.items():
        head, separator, tail = key.partition(_SEPARATOR)
        renamed[f"{earlier.get(head, head)}{separator}{tail}"] = array
    return renamed


def error_scores(section: Section, rebuilt: FloatArray, kind: Kind) -> FloatArray:
    """Return reconstruction errors: |difference| per sample (logs), or rms of a trace's difference over its own rms.

    The error of a trace is relative, because amplitudes differ by orders of magnitude with offset and from line to
    line: a loud trace is not necessarily a bad one.
    """
    error = np.where(section.mask, np.abs(section.values - rebuilt), np.nan)
    if kind == "logs":
        return error.astype(np.float32)
    power = _mean_square(section.values, section)
    share = np.sqrt(_mean_square(section.values - rebuilt, section) / np.maximum(power, 1e-12))
    return np.where(section.mask.any(axis=1, keepdims=True), share, np.nan).astype(np.float32)


def _mean_square(values: FloatArray, section: Section) -> NDArray[np.float64]:
    """Return the mean square of each trace's observed samples: float64[trace, 1]."""
    square = np.where(section.mask, values.astype(np.float64) ** 2, 0).sum(axis=1, keepdims=True)
    return np.asarray(square / np.maximum(section.mask.sum(axis=1, keepdims=True), 1))


def channel_scale(scores: Sequence[FloatArray], kind: Kind) -> NDArray[np.float32]:
    """Return the 99th percentile of training scores, per curve (logs) or of all traces, to make curves comparable.

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
