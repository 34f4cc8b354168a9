"""Over-fitting at the best epoch, and dead units, from the training history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding

OVERFIT_WARNING = 1.5


def best_epoch(history: Mapping[str, Sequence[float]]) -> int:
    """Return the index, from 0, of the epoch with the lowest validation loss: the one whose weights are kept.

    Args:
        history: one sequence per metric, one entry per epoch; "val_loss" is required.

    Returns:
        The first epoch that reaches the minimum; epochs whose loss is not finite are ignored.

    Raises:
        DataError: if "val_loss" is absent, empty or never finite.

    >>> best_epoch({"val_loss": [3.0, 1.0, 2.0]})
    1
    """
    losses = np.asarray(history.get("val_loss", ()), dtype=np.float64)
    if losses.size == 0 or not np.isfinite(losses).any():
        raise DataError(
            f"history has metrics {sorted(history)} with {losses.size} validation losses; "
            "expected 'val_loss' with at least one finite value: train with a validation section"
        )
    return int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan)))


def overfit_ratio(history: Mapping[str, Sequence[float]]) -> float:
    """Return the validation loss over the training loss at the best epoch.

    Args:
        history: "loss" and "val_loss", one entry per epoch each, in the same unit.

    Returns:
        The ratio, dimensionless; above `OVERFIT_WARNING` (1.5) the network fits its training data markedly better
        than unseen data. Infinite if the training loss is exactly zero and the validation loss is not.

    Raises:
        DataError: if a metric is missing or the two differ in length.

    References:
        The limit of 1.5 comes from the dense autoencoder (100-64-32-10) that this project started from.

    >>> overfit_ratio({"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, 1.6]})
    1.5
    """
    epoch = best_epoch(history)
    training = history.get("loss", ())
    if len(training) != len(history["val_loss"]):
        raise DataError(
            f"history has {len(training)} training and {len(history['val_loss'])} validation losses; "
            "expected one of each per epoch"
        )
    train, validation = float(training[epoch]), float(history["val_loss"][epoch])
    if train == 0.0:
        return 1.0 if validation == 0.0 else float("inf")
    return validation / train


def training_findings(
    name: str, history: Mapping[str, Sequence[float]], dead_units: Mapping[str, int]
) -> tuple[Finding, ...]:
    """Report over-fitting and dead units of a trained contender; nothing for methods without epochs.

    Args:
        name: the contender's name.
        history: as for `overfit_ratio`; may be empty.
        dead_units: layer name → number of units whose output is the same for every window.

    Returns:
        `over-fitted` above `OVERFIT_WARNING`, and `dead-units` if there are any.
    """
    findings, where = [], f"contender {name}"
    if history.get("val_loss") and (ratio := overfit_ratio(history)) > OVERFIT_WARNING:
        found = f"validation loss {ratio:.2f} times the training loss at the best epoch"
        remedy = "train on more wells, or with noise, or a smaller network"
        findings.append(Finding("warning", "over-fitted", where, found, f"at most {OVERFIT_WARNING:g} times", remedy))
    if dead_units:
        found = ", ".join(f"{count} in layer {layer}" for layer, count in dead_units.items())
        remedy = "a lower learning_rate, or another activation"
        findings.append(
            Finding("warning", "dead-units", where, found, "units whose output varies between windows", remedy)
        )
    return tuple(findings)
