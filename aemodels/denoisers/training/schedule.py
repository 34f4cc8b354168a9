"""Learning rate, best epoch and early stopping as functions of the validation losses so far.

Pure functions, so that a resumed training takes the same decisions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aemodels.denoisers.training.spec import TrainingSpec

FINAL_SHARE = 0.01  # of the initial learning rate, at the end of the cosine


def learning_rate(training: TrainingSpec, losses: Sequence[float]) -> float:
    """Return the learning rate of the epoch after the validation losses `losses`.

    "cosine" decays from the initial rate to 1 % of it over all epochs. "plateau" halves the rate whenever a third of
    the patience has passed without an improvement.

    References:
        Loshchilov & Hutter (2017), ICLR (cosine, without restarts).

    >>> learning_rate(TrainingSpec(learning_rate=0.1, schedule="plateau", patience=6), [3.0, 2.0, 2.5, 2.1])
    0.05
    """
    if training.schedule == "cosine":
        progress = len(losses) / max(training.epochs - 1, 1)
        return training.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * progress)))
    if training.schedule == "plateau":
        return training.learning_rate * 0.5 ** _plateaus(losses, max(1, training.patience // 3))
    return training.learning_rate


def best_epoch(losses: Sequence[float]) -> int:
    """Return the index of the first lowest loss; 0 if no loss is finite.

    >>> best_epoch([math.nan, 2.0, 1.0, 1.0])
    2
    """
    finite = [(loss, epoch) for epoch, loss in enumerate(losses) if math.isfinite(loss)]
    return min(finite)[1] if finite else 0


def should_stop(training: TrainingSpec, losses: Sequence[float]) -> bool:
    """Return True if all epochs are done or the patience is exhausted.

    >>> should_stop(TrainingSpec(epochs=9, patience=2), [3.0, 1.0, 2.0, 1.5])
    True
    """
    stalled = bool(losses) and len(losses) - 1 - best_epoch(losses) >= training.patience
    return len(losses) >= training.epochs or stalled


def _plateaus(losses: Sequence[float], patience: int) -> int:
    best, waited, count = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss) if math.isfinite(loss) else best
        if waited >= patience:
            count, waited = count + 1, 0
    return count
