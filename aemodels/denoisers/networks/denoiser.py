"""A trained network as a denoiser: windows in, residual or reconstruction out, arrays for the bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.training.blind_spot import blind_spot_estimate
from aemodels.signal.windows import cut, overlap_add

if TYPE_CHECKING:
    import keras


from aemodels.denoisers.training.architecture import Architecture


@dataclass(frozen=True, eq=False)
class NetworkDenoiser:
    """A trained network as data: rebuilt from its spec, then given its weights.

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

    def sub_network(self, name: str, cut_out: Callable[[keras.Model], keras.Model]) -> dict[str, Any]:
        """A part of the network, cut out on first use: "network" in a dictionary that `predict` keeps its call in."""
        if name not in self._cache:
            self._cache[name] = {"network": cut_out(self.network)}
        part: dict[str, Any] = self._cache[name]
        return part

    def denoise(self, section: Section) -> FloatArray:
        blind = self.spec.training.blind_spot
        return self._denoise(section) if blind is None else blind_spot_estimate(self._denoise, section, blind)

    def _denoise(self, section: Section) -> FloatArray:
        windows = cut(section, self.spec.window)
        outputs = self._run(windows.values, windows.mask)
        if self.spec.mirror:
            axis = self.spec.window.mirror_axis
            mirrored = self._run(np.flip(windows.values, axis), np.flip(windows.mask, axis))
            outputs = np.asarray((outputs + np.flip(mirrored, axis)) / 2, dtype=np.float32)
        return overlap_add(outputs, windows, self.spec.window.blend)

    def predict_from_others(self, section: Section) -> FloatArray:
        """Every channel as the others tell it: each is hidden in turn and rebuilt from the rest of its windows.

        Returns:
            float32[channel, sample] in normalised units, finite everywhere. A channel's own values have no part in
            its row; one that is alone in its windows comes out as what the network makes of nothing.

        Raises:
            SpecError: if windows hold one channel of several, so that there is nothing to predict from.
        """
        channels = len(section.values)
        if channels > 1 and self.spec.window.width == 1:
            raise SpecError(
                f"{type(self.spec).__name__} looks at one channel at a time and cannot predict one from the others; "
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
        weights = {f"weight_{place:03d}": weight for place, weight in enumerate(self.weights)}
        return {**weights, "affine": self.affine, "channels": np.array([self.channels], dtype=np.int64)}
