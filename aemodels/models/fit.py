"""The only training loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from aemodels.contract import EpochCallback, FitContext, FitResult
from aemodels.errors import SpecError
from aemodels.models.base import NetworkBase, NetworkDenoiser
from aemodels.models.losses import masked_loss
from aemodels.models.training import TrainingSpec
from aemodels.noise import corrupt
from aemodels.signal.estimate import noise_sigma
from aemodels.signal.windows import cut
from aemodels.types import BoolArray, FloatArray, Section


def fit_network(
    spec: NetworkBase, train: Sequence[Section], validation: Sequence[Section], context: FitContext
) -> FitResult:
    """Train with validation by well, early stopping and the best weights restored.

    Args:
        spec: the network and its training.
        train: training sections.
        validation: sections of other wells or trace ranges; they choose the epoch.
        context: seed and progress callback.

    Raises:
        SpecError: if no window is observed well enough.
    """
    keras.utils.set_random_seed(context.seed)
    values, mask = observed_windows(spec, train, stride=spec.training.stride)
    checks = observed_windows(spec, validation, stride=spec.window.stride)
    affine = spec.affine(values, mask)
    features = values.shape[2]
    network = spec.build(features)
    batches = _Batches(spec, (values, mask), affine, context.seed)
    network.compile(
        optimizer=keras.optimizers.Adam(spec.training.learning_rate, global_clipnorm=spec.training.clip_norm),
        loss=masked_loss(spec.loss_name),
    )
    history = network.fit(
        batches,
        validation_data=_validation_data(spec, checks, affine, context.seed),
        validation_batch_size=256,
        epochs=spec.training.epochs,
        callbacks=_callbacks(spec.training, context.on_epoch),
        shuffle=False,
        verbose=0,
    ).history
    denoiser = NetworkDenoiser(spec=spec, weights=tuple(network.get_weights()), affine=affine, channels=features)
    recorded = {key: [float(x) for x in series] for key, series in history.items()}
    return FitResult(denoiser=denoiser, history=recorded, parameters=network.count_params())


def observed_windows(spec: NetworkBase, sections: Sequence[Section], *, stride: int) -> tuple[FloatArray, BoolArray]:
    """Windows [window, sample, feature] of all sections, `stride` samples apart, that are observed well enough."""
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


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (network input, target and weights), corrupted and augmented anew each epoch."""

    def __init__(
        self, spec: NetworkBase, windows: tuple[FloatArray, BoolArray], affine: NDArray[np.float32], seed: int
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.spec, self.affine = spec, affine
        self.values, self.mask = windows
        self.rng = np.random.default_rng(seed)
        self._draw()

    def __len__(self) -> int:
        return self.spec.training.steps or math.ceil(len(self.values) / self.spec.training.batch)

    def _draw(self) -> None:
        needed = len(self) * self.spec.training.batch
        rounds = math.ceil(needed / len(self.values))
        orders = [self.rng.permutation(len(self.values)) for _ in range(rounds)]
        self.order = np.concatenate(orders)[: min(needed, len(self.values) * rounds)]

    def on_epoch_end(self) -> None:
        self._draw()

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        size = self.spec.training.batch
        picked = self.order[index * size : (index + 1) * size]
        values, mask = augment(self.spec.training, self.values[picked], self.mask[picked], self.rng)
        return training_pair(self.spec, (values, mask), self.affine, self.rng)


def augment(
    training: TrainingSpec, values: FloatArray, mask: BoolArray, rng: np.random.Generator
) -> tuple[FloatArray, BoolArray]:
    """Random flips along the samples, gains and offsets of each feature about the window's mean."""
    flipped = rng.random((len(values), 1, 1)) < training.flip
    values = np.where(flipped, values[:, ::-1], values)
    mask = np.where(flipped, mask[:, ::-1], mask)
    shape = (len(values), 1, values.shape[2])
    gain = rng.uniform(1 - training.scale, 1 + training.scale, shape).astype(np.float32)
    shift = rng.uniform(-training.offset, training.offset, shape).astype(np.float32)
    mean = values.mean(axis=1, keepdims=True)
    return (values - mean) * gain + mean + shift, mask


def training_pair(
    spec: NetworkBase,
    windows: tuple[FloatArray, BoolArray],
    affine: NDArray[np.float32],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Network input from corrupted windows, and the clean target with its weights behind it on the last axis."""
    values, mask = windows
    noisy, seen = corrupt(spec.training.noise, values, mask, rng)
    weights = mask.astype(np.float32)
    if spec.training.weight_by_sigma:
        # Without it, loud windows drown the quiet ones; a lost sample, which can only be guessed, weighs 1.
        weights *= np.where(seen, 1 / np.maximum(noise_sigma(noisy, seen, axis=1), 0.02), 1).astype(np.float32)
    target = spec.targets(values, affine)
    pair = np.concatenate([target.reshape(*values.shape), weights], axis=-1)
    return spec.inputs(noisy, seen, affine), pair


def _validation_data(
    spec: NetworkBase, windows: tuple[FloatArray, BoolArray], affine: NDArray[np.float32], seed: int
) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng([seed, 1])
    pairs = [training_pair(spec, windows, affine, rng) for _ in range(spec.training.validation_repeats)]
    inputs, targets = zip(*pairs, strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def _callbacks(training: TrainingSpec, on_epoch: EpochCallback | None) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True)
    ]
    if training.schedule == "cosine":
        callbacks.append(keras.callbacks.LearningRateScheduler(lambda epoch, _: _cosine(training, epoch)))
    elif training.schedule == "plateau":
        patience = max(1, training.patience // 3)
        callbacks.append(keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=patience))
    if on_epoch is not None:

        def report(epoch: int, logs: dict[str, Any] | None) -> None:
            on_epoch(epoch, {key: float(value) for key, value in (logs or {}).items()})

        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=report))
    return callbacks


def _cosine(training: TrainingSpec, epoch: int) -> float:
    progress = epoch / max(training.epochs - 1, 1)
    return training.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
