"""Losses that count observed samples only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from keras import ops

Loss: TypeAlias = Callable[[Any, Any], Any]
HUBER_DELTA = 1.0  # network units: beyond it an error counts by its size, not by its square
_TINY = 1e-6


def masked_loss(name: Literal["mse", "huber", "bce"]) -> Loss:
    """The loss of that name over observed samples.

    Args:
        name: squared error, Huber's (half the square up to 1 in network units, linear beyond), or binary cross-entropy
            of values in [0, 1], of a prediction in (0, 1).

    Returns:
        loss(target, prediction) with `target` float32[window, sample, 2 * feature]: the values, and behind them on the
        last axis their weights, 0 where nothing was observed.

    References:
        Huber (1964), Annals of Mathematical Statistics 35, 73.
    """
    return {"mse": masked_squared_error, "huber": masked_huber, "bce": masked_cross_entropy}[name]


def masked_squared_error(target: Any, prediction: Any) -> Any:
    """Mean squared error over observed samples; `target` carries weights behind the values on its last axis."""
    return _over_observed(target, lambda values: ops.square(values - prediction))


def masked_huber(target: Any, prediction: Any) -> Any:
    """Mean Huber loss over observed samples."""

    def error(values: Any) -> Any:
        size = ops.abs(values - prediction)
        near = 0.5 * ops.square(size)
        return ops.where(size <= HUBER_DELTA, near, HUBER_DELTA * (size - 0.5 * HUBER_DELTA))

    return _over_observed(target, error)


def masked_cross_entropy(target: Any, prediction: Any) -> Any:
    """Mean binary cross-entropy over observed samples (natural logarithm); at least the targets' own entropy."""

    def error(values: Any) -> Any:
        sure = ops.clip(prediction, _TINY, 1 - _TINY)
        return -(values * ops.log(sure) + (1 - values) * ops.log(1 - sure))

    return _over_observed(target, error)


def _over_observed(target: Any, error: Callable[[Any], Any]) -> Any:
    values, weights = ops.split(target, 2, axis=-1)
    return ops.sum(weights * error(values)) / (ops.sum(ops.cast(weights > 0, "float32")) + _TINY)
