"""Quantities of a well that several detectors need, each worked out once."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from typing_extensions import override

from aemodels.core.types import FloatArray, Section
from aemodels.detect.base import EvaluatedDetector, Evaluation
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves
from aemodels.detect.depth_shift.candidates import ShiftEvidence, shift_evidence
from aemodels.detect.depth_shift.lagged_correlation import LaggedCorrelation, lagged_correlation


@dataclass(frozen=True, eq=False)
class WellFeatures:
    """Predictions and shift evidence of one section, filled as detectors ask for them.

    Detectors that were fitted to the same wells have equal predictors: what is found is kept by their content.

    Args:
        section: normalised curves.
    """

    section: Section
    _predicted: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    _evidence: dict[str, ShiftEvidence] = field(default_factory=dict, repr=False)
    _correlations: dict[tuple[str, int], LaggedCorrelation] = field(default_factory=dict, repr=False)

    def predicted(self, predictor: RidgeFromOtherCurves) -> FloatArray:
        """Return each curve predicted from the others, float32[channel, sample]."""
        if predictor.content_hash not in self._predicted:
            self._predicted[predictor.content_hash] = predictor.predict(self.section)
        return self._predicted[predictor.content_hash]

    def shift_evidence(self, predictor: RidgeFromOtherCurves) -> ShiftEvidence:
        """Return the evidence that each sample lies in a depth-shifted interval."""
        if predictor.content_hash not in self._evidence:
            self._evidence[predictor.content_hash] = shift_evidence(self.section, self.predicted(predictor))
        return self._evidence[predictor.content_hash]

    def lagged_correlations(self, predictor: RidgeFromOtherCurves, windows: tuple[int, ...]) -> list[LaggedCorrelation]:
        """Return the correlation of each curve with its prediction, for each window in samples."""
        missing = [window for window in windows if (predictor.content_hash, window) not in self._correlations]
        if missing:
            found = lagged_correlation(self.section, self.predicted(predictor), tuple(missing))
            for window, one in zip(missing, found, strict=True):
                self._correlations[predictor.content_hash, window] = one
        return [self._correlations[predictor.content_hash, window] for window in windows]


class WellDetector(EvaluatedDetector):
    """A fitted detector that works on quantities which other detectors need as well."""

    @abstractmethod
    def evaluate_features(self, features: WellFeatures) -> Evaluation:
        """Return everything found in a well, as of `evaluate`; what `features` holds is not worked out again."""

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return everything found in a section."""
        return self.evaluate_features(WellFeatures(section))
