"""Training batches: corrupted and augmented differently in each epoch, reproducible from seed and epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.training.architecture import Architecture
from aemodels.denoisers.training.blind_spot import draw_grid, hide
from aemodels.noise import corrupt
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.windows import cut


def observed_windows(spec: Architecture, sections: Sequence[Section], *, stride: int) -> tuple[FloatArray, BoolArray]:
    """Return the sufficiently observed windows [window, sample, feature] of all sections, `stride` samples apart.

    Raises:
        SpecError: if no window is observed well enough.
    """
    dense = spec.window.model_copy(update={"stride": stride})
    sets = [cut(section, dense) for section in sections]
    values = np.concatenate([windows.values for windows in sets])
    mask = np.concatenate([windows.mask for windows in sets])
    kept = mask.mean(axis=1).max(axis=1) >= spec.training.observed
    if not kept.any():
        raise SpecError(
            f"{len(values)} windows of {spec.window.length} samples are all observed less than "
            f"{spec.training.observed:.0%}; expected longer recordings or a smaller window"
        )
    return values[kept], mask[kept]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (network input, target and weights).

    Every batch has its own random generator, seeded with seed, epoch and index: a resumed training sees the same
    batches, and prefetching has no effect on them.

    Args:
        spec: specification of the network and its training.
        windows: values and mask, [window, sample, feature].
        affine: see `Architecture.affine`.
        seed: root seed.
        elsewhere: windows of other basins, of which every batch has the share `TrainingSpec.elsewhere_share`.
    """

    def __init__(
        self,
        spec: Architecture,
        windows: tuple[FloatArray, BoolArray],
        affine: NDArray[np.float32],
        seed: int,
        elsewhere: tuple[FloatArray, BoolArray] | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.spec, self.affine, self.seed = spec, affine, seed
        self.sources = [windows] if elsewhere is None else [windows, elsewhere]
        others = 0 if elsewhere is None else round(spec.training.elsewhere_share * spec.training.batch)
        self.counts = [spec.training.batch - others, others][: len(self.sources)]
        self.start(0)

    def __len__(self) -> int:
        return self.spec.training.steps or math.ceil(len(self.sources[0][0]) / self.counts[0])

    def start(self, epoch: int) -> None:
        """Draw the order of the windows for an epoch (0-based)."""
        self.epoch = epoch
        rng = np.random.default_rng([self.seed, 2, epoch])
        self.orders = [
            _order(len(values), len(self) * count, rng)
            for (values, _), count in zip(self.sources, self.counts, strict=True)
        ]

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        picked = [
            order[index * count : (index + 1) * count] for order, count in zip(self.orders, self.counts, strict=True)
        ]
        values, mask = (
            np.concatenate([source[part][chosen] for source, chosen in zip(self.sources, picked, strict=True)])
            for part in (0, 1)
        )
        rng = np.random.default_rng([self.seed, 3, self.epoch, index])
        return training_pair(self.spec, augment(self.spec, values, mask, rng), self.affine, rng)


def _order(windows: int, needed: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return `needed` numbers of windows, each as often as the others but for the last round."""
    rounds = math.ceil(needed / windows)
    orders = [rng.permutation(windows) for _ in range(rounds)]
    return np.concatenate([np.empty(0, dtype=np.intp), *orders])[:needed]


def augment(
    spec: Architecture, values: FloatArray, mask: BoolArray, rng: np.random.Generator
) -> tuple[FloatArray, BoolArray]:
    """Mirror windows, reverse polarities, and scale and shift each feature about its mean, at random."""
    training, axis = spec.training, spec.window.mirror_axis
    flipped = rng.random((len(values), 1, 1)) < training.flip
    values = np.where(flipped, np.flip(values, axis), values)
    mask = np.where(flipped, np.flip(mask, axis), mask)
    if training.invert:
        values = np.where(rng.random((len(values), 1, 1)) < training.invert, -values, values)
    shape = (len(values), 1, values.shape[2])
    gain = rng.uniform(1 - training.scale, 1 + training.scale, shape).astype(np.float32)
    shift = rng.uniform(-training.offset, training.offset, shape).astype(np.float32)
    mean = values.mean(axis=1, keepdims=True)
    return (values - mean) * gain + mean + shift, mask


def training_pair(
    spec: Architecture,
    windows: tuple[FloatArray, BoolArray],
    affine: NDArray[np.float32],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return the network input of corrupted windows, and the clean target with its weights on the last axis.

    In blind-spot training the corrupted windows are the target, and only samples hidden from the input have weights.
    """
    values, mask = windows
    noisy, seen = corrupt(spec.training.noise, values, mask, rng)
    weights = mask.astype(np.float32)
    if spec.training.blind_spot is not None:
        predicted, hidden = draw_grid(spec.training.blind_spot, values.shape, rng)
        weights = (predicted & seen).astype(np.float32)
        values = noisy
        noisy, seen = hide(noisy, seen, hidden)
    if spec.training.weight_by_sigma:
        # Otherwise noisy windows dominate the loss. A missing sample weighs 1.
        weights *= np.where(seen, 1 / np.maximum(noise_sigma(noisy, seen, axis=1), 0.02), 1).astype(np.float32)
    target = spec.targets(values, affine)
    pair = np.concatenate([target.reshape(*values.shape), weights], axis=-1)
    return spec.inputs(noisy, seen, affine), pair


def validation_pairs(
    spec: Architecture, windows: tuple[FloatArray, BoolArray], affine: NDArray[np.float32], seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return inputs and targets of all validation windows, each corrupted `validation_repeats` times."""
    rng = np.random.default_rng([seed, 1])
    pairs = [training_pair(spec, windows, affine, rng) for _ in range(spec.training.validation_repeats)]
    inputs, targets = zip(*pairs, strict=True)
    return np.concatenate(inputs), np.concatenate(targets)
