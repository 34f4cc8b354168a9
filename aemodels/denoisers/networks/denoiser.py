"""Trained network as a denoiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.training.architecture import Architecture, Reach
from aemodels.denoisers.training.blind_spot import blind_spot_estimate
from aemodels.denoisers.whole_signal import Pass, keras_is_loaded, pass_over
from aemodels.signal.windows import cut, overlap_add

if TYPE_CHECKING:
    import keras

_WHOLE, _PASS = "whole", "pass"


def choose_pass(in_numpy: Callable[[], Pass | None], in_keras: Callable[[], keras.Model]) -> Pass:
    """Return a network for whole signals: in NumPy if it can be and Keras is not loaded, else compiled by Keras.

    Both agree to 1e-6. Keras is twice as fast, and takes five seconds to start.

    Args:
        in_numpy: makes the pass in NumPy, None if there is none.
        in_keras: builds the network in Keras; called only if it is needed.
    """
    found = None if keras_is_loaded() else in_numpy()
    if found is not None:
        return found
    from aemodels.denoisers.networks.inference import compiled

    compiled_pass: Pass = compiled(in_keras())
    return compiled_pass


@dataclass(frozen=True, eq=False)
class NetworkDenoiser:
    """A trained network, stored as its spec and weights.

    Args:
        spec: the network's spec.
        weights: arrays in the order of keras' `get_weights`.
        affine: float32[2], offset and gain of the training data.
        channels: channels in one window.
    """

    spec: Architecture
    weights: tuple[NDArray[Any], ...]
    affine: NDArray[np.float32]
    channels: int
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def network(self) -> keras.Model:
        """The keras model, built on first use."""
        if "network" not in self._cache:
            network = self.spec.build(self.channels)
            network.set_weights(list(self.weights))
            self._cache["network"] = network
        return self._cache["network"]

    def sub_network(self, name: str, extract: Callable[[keras.Model], keras.Model]) -> dict[str, Any]:
        """Return a part of the network, extracted on first use, as the entry "network" of a cache for `predict`."""
        if name not in self._cache:
            self._cache[name] = {"network": extract(self.network)}
        cached: dict[str, Any] = self._cache[name]
        return cached

    def denoise(self, section: Section) -> FloatArray:
        blind_spot = self.spec.training.blind_spot
        return self._denoise(section) if blind_spot is None else blind_spot_estimate(self._denoise, section, blind_spot)

    def _denoise(self, section: Section) -> FloatArray:
        reach = self.spec.reach
        return self._denoise_windows(section) if reach is None else self._denoise_whole(section, reach)

    def _denoise_whole(self, section: Section, reach: Reach) -> FloatArray:
        """Denoise in one pass, padded so that the coarsest level falls on the same samples in the mirror image."""
        call = self._whole_pass()
        inputs = self.spec.whole_inputs(section, self.affine)
        size = inputs.shape[:-1]
        padded = np.pad(inputs, [*((0, -length % reach.step) for length in size), (0, 0)])
        outputs = pass_over(call, padded, reach=reach.positions, step=reach.step)
        if self.spec.mirror:
            axis = len(size) - 1  # depth of a well, traces of a panel: wavelets are not symmetric in time
            flipped = np.flip(padded, axis)
            mirrored = pass_over(call, flipped, reach=reach.positions, step=reach.step)
            outputs = np.asarray((outputs + np.flip(mirrored, axis)) / 2, dtype=np.float32)
        found = outputs[tuple(slice(length) for length in size)]
        denoised = self.spec.outputs(found.reshape(size[0], -1), self.affine).T
        return np.ascontiguousarray(denoised, dtype=np.float32)

    def _whole_pass(self) -> Pass:
        """Return the network for one whole signal, chosen on first use."""
        if _PASS not in self._cache:
            self._cache[_PASS] = choose_pass(
                lambda: self.spec.numpy_pass(self.weights), lambda: self.whole_network()["network"]
            )
        chosen: Pass = self._cache[_PASS]
        return chosen

    def whole_network(self) -> dict[str, Any]:
        """Return the network for signals of any size, built on first use, as the entry "network" of a cache.

        Raises:
            SpecError: if the network works on windows alone.
        """
        if _WHOLE not in self._cache:
            network = self.spec.build_whole(self.channels)
            network.set_weights(list(self.weights))
            self._cache[_WHOLE] = {"network": network}
        cached: dict[str, Any] = self._cache[_WHOLE]
        return cached

    def _denoise_windows(self, section: Section) -> FloatArray:
        windows = cut(section, self.spec.window)
        outputs = self._run(windows.values, windows.mask)
        if self.spec.mirror:
            axis = self.spec.window.mirror_axis
            mirrored = self._run(np.flip(windows.values, axis), np.flip(windows.mask, axis))
            outputs = np.asarray((outputs + np.flip(mirrored, axis)) / 2, dtype=np.float32)
        return overlap_add(outputs, windows, self.spec.window.blend)

    def predict_from_others(self, section: Section) -> FloatArray:
        """Predict every channel from the others: each is hidden in turn and reconstructed from the rest of its windows.

        Returns:
            float32[channel, sample] in normalised units, finite everywhere. A row does not depend on the
            channel's own values; a channel that is alone in its windows is the network's output for empty windows.

        Raises:
            SpecError: if windows hold one of several channels, so that there is nothing to predict from.
        """
        channels = len(section.values)
        if channels > 1 and self.spec.window.width == 1:
            raise SpecError(
                f"{type(self.spec).__name__} has windows of one channel and cannot predict it from the others; "
                "expected a window of several channels: set window.width to 0"
            )
        rows = []
        for channel in range(channels):
            mask = section.mask.copy()
            mask[channel] = False
            rows.append(self.denoise(replace(section, mask=mask))[channel])
        return np.stack(rows)

    def _run(self, values: FloatArray, mask: BoolArray) -> FloatArray:
        from aemodels.denoisers.networks.inference import predict

        inputs = self.spec.inputs(values, mask, self.affine)
        return self.spec.outputs(predict(self.network, inputs, self._cache), self.affine)

    def arrays(self) -> dict[str, NDArray[Any]]:
        weights = {f"weight_{index:03d}": weight for index, weight in enumerate(self.weights)}
        return {**weights, "affine": self.affine, "channels": np.array([self.channels], dtype=np.int64)}
