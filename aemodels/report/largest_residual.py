"""Largest residual of an interval and its curve, relative to the curve's standard deviation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aemodels.core.types import FloatArray, Scores
from aemodels.report.log_scales import is_log, modelled

MAD_TO_SIGMA = 1.4826  # standard deviation over median absolute deviation of a normal distribution


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of each curve of a well.

    Args:
        curves: names, one per row.
        values: float32[curve, sample], raw − denoised in canonical units, log10 for resistivity; NaN = missing.
        sigma: float32[curve], robust standard deviation over the rows that are not flagged, over all rows if that is
            zero; NaN if both are.
    """

    curves: tuple[str, ...]
    values: FloatArray
    sigma: FloatArray

    def largest(self, rows: slice) -> LargestResidual | None:
        """Return the residual in `rows` that is largest relative to its curve's sigma; None if none is observed."""
        standard = np.abs(self.values[:, rows]) / self.sigma[:, np.newaxis]
        if not np.isfinite(standard).any():
            return None
        curve, row = np.unravel_index(int(np.nanargmax(standard)), standard.shape)
        value = float(self.values[curve, rows][row])
        name = self.curves[int(curve)]
        return LargestResidual(name, value, float(standard[curve, row]), log10=is_log(name))


@dataclass(frozen=True)
class LargestResidual:
    """A residual: its curve, raw − denoised in the curve's unit (log10 if `log10`), and the same in sigmas."""

    curve: str
    value: float
    sigmas: float
    log10: bool


def residuals(scores: Scores) -> Residuals:
    """Compute the residuals of a scored well and their standard deviations.

    Args:
        scores: of kind "logs".
    """
    pairs = zip(scores.channels, scores.raw, scores.denoised, strict=True)
    values = np.stack([modelled(name, raw) - modelled(name, denoised) for name, raw, denoised in pairs])
    values = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    sigma = [_spread(row[~scores.is_anomaly]) or _spread(row) or np.nan for row in values]
    return Residuals(scores.channels, values, np.array(sigma, dtype=np.float32))


def _spread(values: FloatArray) -> float:
    """Return the robust standard deviation about zero; if more than half of the values are zero, the plain one."""
    observed = np.abs(values[np.isfinite(values)])
    if observed.size == 0:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(observed)) or float(np.sqrt(np.mean(observed**2)))
