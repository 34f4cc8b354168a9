"""Segmentation networks for wells: a 1-D U-Net from input features to logits per sample, trained on labelled copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from aemodels.core.stopping import check_stop
from aemodels.core.types import FloatArray
from aemodels.denoisers.convolution_blocks import Convolutions, unet

PRIOR_SHARE = 0.02  # share of faulty samples that the initial logits predict
CLIP_NORM = 1.0

# Inputs float16[sample, feature] and labels int8[sample, label] of each copy.
LabelledCopies: TypeAlias = tuple[Sequence[NDArray[np.float16]], Sequence[NDArray[np.int8]]]


@dataclass(frozen=True)
class Schedule:
    """Training schedule.

    Args:
        steps: number of batches.
        batch: windows per batch.
        length: samples per window.
        rate: initial learning rate; it decays to zero along a cosine.
    """

    steps: int
    batch: int
    length: int
    rate: float


def build_segmentation_network(
    body: Convolutions, inputs: int, outputs: int, *, length: int | None = None, seed: int | None = None
) -> keras.Model:
    """Build a network from float32[window, length, inputs] to logits [window, length, outputs].

    The weights do not depend on the length: the network is trained on short windows and applied to long ones.

    Args:
        body: widths and kernel of the U-Net.
        inputs: number of input features.
        outputs: number of labels.
        length: samples per window; None = any length.
        seed: seed of the initial weights; None if weights are set afterwards.
    """
    if seed is not None:
        keras.utils.set_random_seed(seed)
    entry = keras.Input((length, inputs), name="channels")
    start = keras.initializers.Constant(float(np.log(PRIOR_SHARE / (1 - PRIOR_SHARE))))
    last = layers.Conv1D(outputs, 1, bias_initializer=start, name="logits")
    return keras.Model(entry, last(unet(entry, body, "residual")), name="labeller")


def train_segmentation_network(
    network: keras.Model, data: LabelledCopies, weights: FloatArray, *, schedule: Schedule, seed: int
) -> list[float]:
    """Train a segmentation network on random windows.

    Args:
        network: result of `build_segmentation_network` with the schedule's length.
        data: inputs and labels of the copies; a label of -1 is ignored.
        weights: float32[label], weight of a positive sample; a negative one weighs 1.
        schedule: steps, batch size, window length and learning rate.
        seed: seed of the random windows.

    Returns:
        Loss of each tenth of the training.
    """
    positive = ops.convert_to_tensor(weights)

    def loss(target: Any, logits: Any) -> Any:
        known = ops.cast(target >= 0, "float32")
        truth = ops.maximum(ops.cast(target, "float32"), 0.0)
        weight = known * (1.0 + truth * (positive - 1.0))
        entropy = ops.maximum(logits, 0.0) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
        return ops.sum(weight * entropy) / (ops.sum(known) + 1e-6)

    return fit_in_tenths(network, lambda steps: RandomWindows(data, schedule, steps, seed), loss, schedule)


def fit_in_tenths(
    network: keras.Model,
    batches_of: Callable[[int], keras.utils.PyDataset],
    loss: Callable[[Any, Any], Any],
    schedule: Schedule,
) -> list[float]:
    """Fit a network by Adam with a learning rate that decays to zero along a cosine.

    Args:
        network: the network; its weights change.
        batches_of: returns a tenth of the batches, of the given number of steps.
        loss: of target and logits.
        schedule: steps and learning rate.

    Returns:
        Loss of each tenth of the training.

    Raises:
        StoppedError: if the program is interrupted.
    """
    rate = keras.optimizers.schedules.CosineDecay(schedule.rate, schedule.steps)
    network.compile(optimizer=keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM), loss=loss)
    epochs = min(10, schedule.steps)
    batches = batches_of(schedule.steps // epochs)
    stopping = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs=None: check_stop())
    history = network.fit(batches, epochs=epochs, callbacks=[stopping], shuffle=False, verbose=0).history
    return [float(value) for value in history["loss"]]


class RandomWindows(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of random windows of the copies, drawn in proportion to their lengths."""

    def __init__(self, data: LabelledCopies, schedule: Schedule, steps: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.length, self.batch, self.steps = schedule.length, schedule.batch, steps
        self.inputs = [_pad_to(item, self.length, 0) for item in data[0]]
        self.labels = [_pad_to(item, self.length, -1) for item in data[1]]
        sizes = np.array([len(item) for item in self.inputs], dtype=np.float64)
        self.share = sizes / sizes.sum()
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[FloatArray, NDArray[np.int8]]:
        picked = self.rng.choice(len(self.inputs), self.batch, p=self.share)
        first = [int(self.rng.integers(len(self.inputs[copy]) - self.length + 1)) for copy in picked]
        windows = [(copy, slice(start, start + self.length)) for copy, start in zip(picked, first, strict=True)]
        inputs = np.stack([self.inputs[copy][window] for copy, window in windows]).astype(np.float32)
        return inputs, np.stack([self.labels[copy][window] for copy, window in windows])


def _pad_to(array: NDArray[Any], length: int, value: int) -> NDArray[Any]:
    missing = max(length - len(array), 0)
    return np.pad(array, ((0, missing), (0, 0)), constant_values=value) if missing else array
