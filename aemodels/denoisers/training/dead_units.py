"""Dead units: units of a network whose output is constant."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from aemodels.core.types import FloatArray

MAX_WINDOWS = 512
# A range of outputs (of order one, float32) below this counts as constant.
MAX_RANGE = 1e-6


def dead_units(network: keras.Model, inputs: FloatArray) -> dict[str, int]:
    """Count units of dense and convolutional layers with one output value for all windows and samples.

    Args:
        network: the trained network; if it has a layer "encoder", only the encoder is examined, since dead units there
            reduce the latent size.
        inputs: float32[window, ...], inputs of the network; at most 512 windows, evenly spaced, are used.

    Returns:
        Layer name → number of dead units; layers without any are omitted. The usual case is a ReLU that is never
        active.
    """
    model = _encoder(network)
    layers = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense | keras.layers.Conv1D | keras.layers.Conv2D)
    ]
    if not layers:
        return {}
    picked = inputs[:: max(1, -(-len(inputs) // MAX_WINDOWS))]
    shaped = picked.reshape(len(picked), *model.input_shape[1:])
    outputs = keras.tree.flatten(
        keras.Model(model.inputs, [layer.output for layer in layers])([shaped], training=False)
    )
    counts = {layer.name: _constant(output) for layer, output in zip(layers, outputs, strict=True)}
    return {name: count for name, count in counts.items() if count}


def _encoder(network: keras.Model) -> keras.Model:
    named = [layer for layer in network.layers if layer.name == "encoder" and isinstance(layer, keras.Model)]
    return named[0] if named else network


def _constant(output: Any) -> int:
    values = keras.ops.convert_to_numpy(output)
    flat = values.reshape(-1, values.shape[-1])
    return int((np.ptp(flat, axis=0) <= MAX_RANGE).sum())
