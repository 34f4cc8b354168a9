"""The only training loop."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from aemodels.contract import FitContext, FitResult
from aemodels.models.base import NetworkBase, NetworkDenoiser
from aemodels.models.batches import Batches, augment, observed_windows, training_pair, validation_pairs
from aemodels.models.course import Course
from aemodels.models.losses import masked_loss, masked_squared_error
from aemodels.models.units import dead_units
from aemodels.types import Section

__all__ = ["augment", "fit_network", "masked_squared_error", "observed_windows", "training_pair"]


def fit_network(
    spec: NetworkBase, train: Sequence[Section], validation: Sequence[Section], context: FitContext
) -> FitResult:
    """Train with validation by well, early stopping and the best weights restored.

    What layers add to the loss (a penalty on activities, a divergence) is minimised with the reconstruction error.

    Args:
        spec: the network and its training.
        train: training sections.
        validation: sections of other wells or trace ranges; they choose the epoch.
        context: seed, progress callback, and the checkpoint from which a training that died goes on.

    Raises:
        SpecError: if no window is observed well enough, or no epoch has a finite validation loss.
    """
    if spec.training.deterministic:
        make_deterministic()
    keras.utils.set_random_seed(context.seed)
    windows = observed_windows(spec, train, stride=spec.training.stride)
    checks = observed_windows(spec, validation, stride=spec.window.stride)
    affine = spec.affine(*windows)
    features = windows[0].shape[2]
    network = spec.build(features)
    batches = Batches(spec, windows, affine, context.seed)
    network.compile(
        optimizer=keras.optimizers.Adam(spec.training.learning_rate, global_clipnorm=spec.training.clip_norm),
        loss=masked_loss(spec.loss_name),
    )
    inputs, targets = validation_pairs(spec, checks, affine, context.seed)
    course = Course(spec.training, batches, network, context)
    if not course.over:
        network.fit(
            batches,
            validation_data=(inputs, targets),
            validation_batch_size=256,
            initial_epoch=course.resumed,
            epochs=spec.training.epochs,
            callbacks=[course],
            shuffle=False,
            verbose=0,
        )
    course.finish(network)
    return FitResult(
        denoiser=NetworkDenoiser(spec=spec, weights=tuple(network.get_weights()), affine=affine, channels=features),
        history=course.history,
        parameters=network.count_params(),
        dead_units=dead_units(network, inputs),
        resumed=course.resumed,
    )


def make_deterministic() -> None:
    """Equal seeds give equal weights, bit by bit, on one machine; for the rest of this process, at some cost in speed.

    Other backends than TensorFlow's are as they are.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
