"""Metrics of denoising and of detection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray


def mean_squared_error(estimate: FloatArray, truth: FloatArray, mask: BoolArray) -> float:
    """Return the mean squared difference over observed samples; NaN if none is observed."""
    if not mask.any():
        return float("nan")
    difference = estimate[mask].astype(np.float64) - truth[mask]
    return float(np.mean(difference**2))


def gain_db(mse_noisy: float, mse_denoised: float) -> float:
    """Return the gain in signal-to-noise ratio, 10 log10(noisy error / denoised error), in dB; NaN for a zero error.

    >>> gain_db(1.0, 0.1)
    10.0
    """
    if not (mse_noisy > 0 and mse_denoised > 0):
        return float("nan")
    return float(10 * np.log10(mse_noisy / mse_denoised))


def recall_at(scores: NDArray[np.floating], labels: BoolArray, *, false_alarms: float = 0.01) -> float:
    """Return the share of labelled rows above the threshold that a share `false_alarms` of the others exceeds."""
    if not labels.any() or labels.all():
        return float("nan")
    threshold = np.quantile(scores[~labels], 1 - false_alarms, method="higher")
    return float(np.mean(scores[labels] > threshold))


def ranking(scores: NDArray[np.floating], labels: BoolArray) -> dict[str, float]:
    """Return the areas under the precision-recall and ROC curves and the recall at 1 % false alarms.

    Unscored rows (NaN) are left out.

    Returns:
        pr_auc, roc_auc and recall_at_1pct; NaN if all scored rows have the same label.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    scored = np.isfinite(scores)
    scores, labels = scores[scored], labels[scored]
    if not labels.any() or labels.all():
        return dict.fromkeys(("pr_auc", "roc_auc", "recall_at_1pct"), float("nan"))
    return {
        "pr_auc": float(average_precision_score(labels, scores)),
        "roc_auc": float(roc_auc_score(labels, scores)),
        "recall_at_1pct": recall_at(scores, labels),
    }
