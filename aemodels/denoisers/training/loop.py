"""Training loop of all networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.training.architecture import Architecture
from aemodels.denoisers.training.batches import Batches, observed_windows, validation_pairs
from aemodels.denoisers.training.callback import TrainingCallback
from aemodels.denoisers.training.dead_units import dead_units
from aemodels.denoisers.training.losses import masked_loss
from aemodels.denoisers.training.warm_start import StartingNetwork, shortened
from aemodels.synthetic.varied_lines import varied_sections

_CHECKED = 256  # validation windows per batch


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Weights of a trained network and the record of its training.

    Args:
        weights: arrays in the order of keras' `get_weights`.
        affine: float32[2], offset and gain of the training data.
        features: channels in one window.
        history: one list per metric, one entry per epoch.
        parameters: number of weights.
        dead_units: layer name → units whose output is constant; layers without any are omitted.
        resumed: epochs taken over from an interrupted training.
    """

    weights: tuple[NDArray[Any], ...]
    affine: NDArray[np.float32]
    features: int
    history: dict[str, list[float]]
    parameters: int
    dead_units: dict[str, int]
    resumed: int


def train_network(
    spec: Architecture, train: Sequence[Section], validation: Sequence[Section], context: FitContext
) -> TrainedNetwork:
    """Train a network with early stopping on validation sections, and restore its best weights.

    Losses added by layers (an activity penalty, a divergence) are minimised together with the reconstruction error.
    A training that starts from a fitted network keeps its affine, to which the weights belong, and returns it unchanged
    if no epoch has a lower validation loss.

    Args:
        spec: specification of the network and its training.
        train: training sections.
        validation: sections of other wells or trace ranges; they determine the best epoch.
        context: seed, progress callback, the checkpoint from which an interrupted training resumes, and the network
            to start from.

    Raises:
        SpecError: if no window is observed well enough, no epoch has a finite validation loss, the network to start
            from is another one, or lines are to be generated for a network that is not for panels of traces.
    """
    start = None if context.start is None else StartingNetwork.of(spec, context.start)
    spec = spec if context.start is None else shortened(spec, context.start)
    if spec.training.deterministic:
        make_deterministic()
    keras.utils.set_random_seed(context.seed)
    windows = observed_windows(spec, [*train, *_generated(spec, context)], stride=spec.training.stride)
    checks = observed_windows(spec, validation, stride=spec.window.stride)
    affine = spec.affine(*windows) if start is None else start.affine
    features = windows[0].shape[2]
    network = spec.build(features)
    batches = Batches(spec, windows, affine, context.seed, _windows_elsewhere(spec, context))
    network.compile(
        optimizer=keras.optimizers.Adam(spec.training.learning_rate, global_clipnorm=spec.training.clip_norm),
        loss=masked_loss(spec.loss_name),
    )
    inputs, targets = validation_pairs(spec, checks, affine, context.seed)
    if start is not None:
        start.set_weights(network)
        start_loss = float(network.evaluate(inputs, targets, batch_size=_CHECKED, verbose=0))
    callback = TrainingCallback(spec.training, batches, network, context)
    if not callback.finished:
        network.fit(
            batches,
            validation_data=(inputs, targets),
            validation_batch_size=_CHECKED,
            initial_epoch=callback.resumed,
            epochs=spec.training.epochs,
            callbacks=[callback],
            shuffle=False,
            verbose=0,
        )
    callback.restore_best(network)
    if start is not None and start_loss <= np.nanmin(callback.losses):
        start.set_weights(network)
    return TrainedNetwork(
        weights=tuple(network.get_weights()),
        affine=affine,
        features=features,
        history=callback.history,
        parameters=network.count_params(),
        dead_units=dead_units(network, inputs),
        resumed=callback.resumed,
    )


def _generated(spec: Architecture, context: FitContext) -> list[Section]:
    count = spec.training.generated_lines
    if count and (context.kind != "seismic" or not spec.window.width):
        raise SpecError(
            f"generated_lines is {count}; expected 0 where the network is not for panels of traces: set window.width"
        )
    return varied_sections(count, context.seed)


def _windows_elsewhere(spec: Architecture, context: FitContext) -> tuple[FloatArray, BoolArray] | None:
    if not (spec.training.elsewhere_share and context.elsewhere):
        return None
    return observed_windows(spec, context.elsewhere, stride=spec.training.stride)


def make_deterministic() -> None:
    """Make TensorFlow's operations deterministic for the rest of this process, at some cost in speed.

    Equal seeds then give bit-identical weights on one machine. Other Keras backends are not affected.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
