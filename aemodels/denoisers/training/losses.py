"""Losses over observed samples only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from keras import ops

Loss: TypeAlias = Callable[[Any, Any], Any]
HUBER_DELTA = 1.0  # in network units: larger errors count linearly, smaller ones quadratically
_TINY = 1e-6


def masked_loss(name: Literal["mse", "huber", "bce"]) -> Loss:
    """Return the loss `name` over observed samples.

    Args:
        name: squared error, Huber's (half the square up to 1 in network units, linear beyond), or binary cross-entropy
            for values in [0, 1] and predictions in (0, 1).

    Returns:
        loss(target, prediction) with `target` float32[window, sample, 2 * feature]: the values, then on the
        last axis their weights, 0 if not observed.

    References:
        Huber (1964), Annals of Mathematical Statistics 35, 73.
    """
    return {"mse": masked_squared_error, "huber": masked_huber, "bce": masked_cross_entropy}[name]


def masked_squared_error(target: Any, prediction: Any) -> Any:
    """Return the mean squared error over observed samples; see `masked_loss` for the layout of `target`."""
    return _over_observed(target, lambda values: ops.square(values - prediction))


def masked_huber(target: Any, prediction: Any) -> Any:
    """Return the mean Huber loss over observed samples."""

    def error(values: Any) -> Any:
        size = ops.abs(values - prediction)
        quadratic = 0.5 * ops.square(size)
        return ops.where(size <= HUBER_DELTA, quadratic, HUBER_DELTA * (size - 0.5 * HUBER_DELTA))

    return _over_observed(target, error)


def masked_cross_entropy(target: Any, prediction: Any) -> Any:
    """Return the mean binary cross-entropy over observed samples, in nats; at least the targets' entropy."""

    def error(values: Any) -> Any:
        clipped = ops.clip(prediction, _TINY, 1 - _TINY)
        return -(values * ops.log(clipped) + (1 - values) * ops.log(1 - clipped))

    return _over_observed(target, error)


def _over_observed(target: Any, error: Callable[[Any], Any]) -> Any:
    values, weights = ops.split(target, 2, axis=-1)
    return ops.sum(weights * error(values)) / (ops.sum(ops.cast(weights > 0, "float32")) + _TINY)
