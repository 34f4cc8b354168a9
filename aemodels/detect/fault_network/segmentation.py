"""Networks that label every sample of a well: a U-Net from input channels to logits, trained on labelled copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from aemodels.core.types import FloatArray
from aemodels.denoisers.convolution_blocks import Convolutions, unet
from aemodels.denoisers.networks.inference import predict

BLOCK, MARGIN = 2048, 256  # samples scored at a time, and what the network is shown on either side of them
SEEN = BLOCK + 2 * MARGIN
EASY = 0.02  # logits start at this share of faults, so that the first steps are not spent on learning it
CLIP_NORM = 1.0

# Inputs float16[sample, channel] and labels int8[sample, label] of each copy.
Labelled: TypeAlias = tuple[Sequence[NDArray[np.float16]], Sequence[NDArray[np.int8]]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns.

    Args:
        steps: batches.
        batch: windows in each.
        length: samples in a window.
        rate: first learning rate; a cosine takes it to zero.
    """

    steps: int
    batch: int
    length: int
    rate: float


def build_segmentation_network(
    body: Convolutions, inputs: int, outputs: int, *, length: int = SEEN, seed: int | None = None
) -> keras.Model:
    """A network from float32[window, length, inputs] to logits [window, length, outputs].

    Its weights do not depend on the length: it is trained on short windows and used on long ones.

    Args:
        body: widths and kernel.
        inputs: channels.
        outputs: labels.
        length: samples.
        seed: of the first weights; None where others are set.
    """
    if seed is not None:
        keras.utils.set_random_seed(seed)
    entry = keras.Input((length, inputs), name="channels")
    start = keras.initializers.Constant(float(np.log(EASY / (1 - EASY))))
    last = layers.Conv1D(outputs, 1, bias_initializer=start, name="logits")
    return keras.Model(entry, last(unet(entry, body, "residual")), name="labeller")


def train_segmentation_network(
    network: keras.Model, data: Labelled, weights: FloatArray, *, schedule: Schedule, seed: int
) -> list[float]:
    """Train on random windows.

    Args:
        network: as from build_segmentation_network, of the schedule's length.
        data: of the copies; a label of -1 takes no part.
        weights: float32[label], weight of a positive sample; a negative one weighs 1.
        schedule: steps, batch, window and learning rate.
        seed: of the draw of windows.

    Returns:
        The loss of each tenth of the training.
    """
    positive = ops.convert_to_tensor(weights)

    def loss(target: Any, logits: Any) -> Any:
        known = ops.cast(target >= 0, "float32")
        truth = ops.maximum(ops.cast(target, "float32"), 0.0)
        weight = known * (1.0 + truth * (positive - 1.0))
        entropy = ops.maximum(logits, 0.0) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
        return ops.sum(weight * entropy) / (ops.sum(known) + 1e-6)

    network.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(schedule.rate, schedule.steps), global_clipnorm=CLIP_NORM
        ),
        loss=loss,
    )
    epochs = min(10, schedule.steps)
    batches = _Windows(data, schedule, schedule.steps // epochs, seed)
    history = network.fit(batches, epochs=epochs, shuffle=False, verbose=0).history
    return [float(value) for value in history["loss"]]


class _Windows(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of random windows of the copies, each copy as often as it is long."""

    def __init__(self, data: Labelled, schedule: Schedule, steps: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.length, self.batch, self.steps = schedule.length, schedule.batch, steps
        self.inputs = [_at_least(item, self.length, 0) for item in data[0]]
        self.labels = [_at_least(item, self.length, -1) for item in data[1]]
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


def _at_least(array: NDArray[Any], length: int, value: int) -> NDArray[Any]:
    missing = max(length - len(array), 0)
    return np.pad(array, ((0, missing), (0, 0)), constant_values=value) if missing else array


def predict_logits(network: keras.Model, cache: dict[str, Any], inputs: FloatArray) -> FloatArray:
    """Logits float32[sample, label] of a whole well, float32[sample, channel], block by block."""
    samples = len(inputs)
    blocks = -(-samples // BLOCK)
    padded = np.pad(inputs, ((MARGIN, MARGIN + blocks * BLOCK - samples), (0, 0)))
    stacked = np.stack([padded[n * BLOCK : (n + 1) * BLOCK + 2 * MARGIN] for n in range(blocks)])
    logits = predict(network, stacked, cache)[:, MARGIN : MARGIN + BLOCK]
    return np.ascontiguousarray(logits.reshape(blocks * BLOCK, -1)[:samples])
