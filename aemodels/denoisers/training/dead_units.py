"""Units that have died: whatever comes in, the same goes out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from aemodels.core.types import FloatArray

MAX_WINDOWS = 512
# Float32 outputs of order one that differ by less say the same.
SPREAD = 1e-6


def dead_units(network: keras.Model, inputs: FloatArray) -> dict[str, int]:
    """Units of dense and convolutional layers that give one value for all windows and samples.

    Args:
        network: trained; of one with a layer "encoder" the encoder is looked at, where dead units cost code.
        inputs: float32[window, ...], what the network takes; at most 512 windows, evenly chosen, are run.

    Returns:
        Layer name → dead units, layers without any left out. A ReLU that no window reaches is the usual case.
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
    return int((np.ptp(flat, axis=0) <= SPREAD).sum())
