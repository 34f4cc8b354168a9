"""Training callback: learning rate, best weights, early stopping, progress reports and checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from aemodels.core.errors import DataError, SpecError
from aemodels.core.interfaces import EpochCallback, FitContext
from aemodels.core.stopping import check_stop
from aemodels.denoisers.training.batches import Batches
from aemodels.denoisers.training.checkpoint import Arrays, Checkpoint
from aemodels.denoisers.training.schedule import best_epoch, learning_rate, should_stop
from aemodels.denoisers.training.spec import TrainingSpec


class TrainingCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Callback that runs the epochs of a training, resuming after the last checkpointed one.

    Args:
        training: parameters of the training loop.
        batches: notified of each epoch's number before it begins.
        network: the compiled network.
        context: path of the checkpoint and the epoch callback, which is called for resumed epochs too, so that the
            record is complete.

    Raises:
        DataError: if the checkpoint is of another network.
    """

    def __init__(self, training: TrainingSpec, batches: Batches, network: keras.Model, context: FitContext) -> None:
        super().__init__()
        self.training, self.batches = training, batches
        self.path: Path | None = context.checkpoint
        self.report: EpochCallback | None = context.on_epoch
        self.history: dict[str, list[float]] = {}
        self.best: Arrays = network.get_weights()
        self.resumed = 0
        network.optimizer.build(network.trainable_variables)
        if self.path is not None and self.path.is_file():
            self._resume(network, self.path)

    @property
    def losses(self) -> list[float]:
        """Validation losses of the finished epochs."""
        return self.history.get("val_loss", [])

    @property
    def finished(self) -> bool:
        """True if no epoch is left."""
        return should_stop(self.training, self.losses)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.batches.start(epoch)
        self.model.optimizer.learning_rate = learning_rate(self.training, self.losses)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        check_stop()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        metrics = {key: float(value) for key, value in (logs or {}).items()}
        metrics["lr"] = learning_rate(self.training, self.losses)
        for key, value in metrics.items():
            self.history.setdefault(key, []).append(value)
        if best_epoch(self.losses) == epoch:
            self.best = self.model.get_weights()
        if self.path is not None:
            Checkpoint(_state(self.model), self.best, self.history).save(self.path)
        if self.report is not None:
            self.report(epoch, metrics)
        self.model.stop_training = self.finished

    def restore_best(self, network: keras.Model) -> None:
        """Set the network's weights to those of the best epoch.

        Raises:
            SpecError: if no epoch had a finite validation loss.
        """
        if not np.isfinite(self.losses).any():
            raise SpecError(
                f"no validation loss of {len(self.losses)} epochs is finite; expected one that falls: lower "
                f"learning_rate ({self.training.learning_rate:g}) or clip_norm ({self.training.clip_norm:g})"
            )
        network.set_weights(self.best)

    def _resume(self, network: keras.Model, path: Path) -> None:
        found = Checkpoint.load(path)
        variables = _variables(network)
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [array.shape for array in found.state]:
            raise DataError(f"{path} is the checkpoint of another network; delete it, then train again")
        for variable, array in zip(variables, found.state, strict=True):
            variable.assign(array)
        self.best, self.history, self.resumed = found.best, found.history, len(found.history["val_loss"])
        for epoch in range(self.resumed if self.report is not None else 0):
            self.report(epoch, {name: series[epoch] for name, series in self.history.items()})  # type: ignore[misc]


def _variables(network: keras.Model) -> list[Any]:
    return [*network.variables, *network.optimizer.variables]


def _state(network: keras.Model) -> Arrays:
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(network)]
