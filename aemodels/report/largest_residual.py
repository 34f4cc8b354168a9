"""The residual that speaks: which curve departs most from what the model expects, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aemodels.core.types import FloatArray, Scores
from aemodels.report.log_scales import is_log, modelled

# The median absolute deviation of a normal distribution is its standard deviation divided by this.
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, eq=False)
class Residuals:
    """What denoising took away from each curve of a well.

    Args:
        curves: names, one a row.
        values: float32[curve, sample], raw − denoised in canonical units, log10 for resistivity; NaN = missing.
        sigma: float32[curve], robust standard deviation of each over the rows that are not flagged, over all where
            those are zero; NaN where all are.
    """

    curves: tuple[str, ...]
    values: FloatArray
    sigma: FloatArray

    def largest(self, rows: slice) -> LargestResidual | None:
        """The largest residual in `rows`, in its curve's own standard deviations; None where there is none."""
        standard = np.abs(self.values[:, rows]) / self.sigma[:, np.newaxis]
        if not np.isfinite(standard).any():
            return None
        curve, place = np.unravel_index(int(np.nanargmax(standard)), standard.shape)
        value = float(self.values[curve, rows][place])
        name = self.curves[int(curve)]
        return LargestResidual(name, value, float(standard[curve, place]), log10=is_log(name))


@dataclass(frozen=True)
class LargestResidual:
    """One residual: curve, raw − denoised in its unit (log10 where said), and how many standard deviations that is."""

    curve: str
    value: float
    sigmas: float
    log10: bool


def residuals(scores: Scores) -> Residuals:
    """Residuals of a scored well with their spread.

    Args:
        scores: of kind "logs".
    """
    pairs = zip(scores.channels, scores.raw, scores.denoised, strict=True)
    values = np.stack([modelled(name, raw) - modelled(name, denoised) for name, raw, denoised in pairs])
    values = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    sigma = [_spread(row[~scores.is_anomaly]) or _spread(row) or np.nan for row in values]
    return Residuals(scores.channels, values, np.array(sigma, dtype=np.float32))


def _spread(values: FloatArray) -> float:
    """Robust standard deviation about zero; where more than half are zero, the plain one; 0 where nothing varies."""
    observed = np.abs(values[np.isfinite(values)])
    if observed.size == 0:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(observed)) or float(np.sqrt(np.mean(observed**2)))
