"""One network in the place of an ensemble: trained to give the mean log-odds of its members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from aemodels.core.types import FloatArray
from aemodels.detect.fault_network.segmentation import LabelledCopies, RandomWindows, Schedule, fit_in_tenths

MAX_LOG_ODDS = 8.0  # beyond it, log-odds are not told apart


def train_on_ensemble(
    network: keras.Model, members: Sequence[keras.Model], data: LabelledCopies, *, schedule: Schedule, seed: int
) -> list[float]:
    """Train a network on the mean log-odds that the members give for random windows.

    Args:
        network: result of `build_segmentation_network` with the schedule's length.
        members: trained networks of the same inputs and outputs; they are not changed.
        data: inputs and labels of copies of wells; the labels are not used.
        schedule: steps, batch size, window length and learning rate.
        seed: seed of the random windows.

    Returns:
        Mean squared difference of the log-odds in each tenth of the training.

    References:
        Hinton, Vinyals & Dean (2015), arXiv 1503.02531 (distillation); Ba & Caruana (2014), NeurIPS (log-odds as
        targets).
    """

    def loss(target: Any, logits: Any) -> Any:
        return ops.mean(ops.square(ops.clip(logits, -MAX_LOG_ODDS, MAX_LOG_ODDS) - target))

    def batches_of(steps: int) -> _EnsembleWindows:
        return _EnsembleWindows(members, RandomWindows(data, schedule, steps, seed))

    return fit_in_tenths(network, batches_of, loss, schedule)


class _EnsembleWindows(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of random windows with the mean log-odds of the members as targets."""

    def __init__(self, members: Sequence[keras.Model], windows: RandomWindows) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.members, self.windows = tuple(members), windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[FloatArray, NDArray[np.float32]]:
        inputs, _ = self.windows[index]
        found = np.mean([np.asarray(member.predict_on_batch(inputs)) for member in self.members], axis=0)
        return inputs, np.clip(found, -MAX_LOG_ODDS, MAX_LOG_ODDS).astype(np.float32)
