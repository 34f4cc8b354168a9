"""What every network shares: windows in, residual or reconstruction out, arrays for the bundle."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.contract import Denoiser, FitContext, FitResult
from aemodels.errors import SpecError
from aemodels.models.blind import blind_estimate
from aemodels.models.training import TrainingSpec
from aemodels.signal.windows import WindowSpec, cut, overlap_add
from aemodels.spec import Spec
from aemodels.types import BoolArray, FloatArray, Section

if TYPE_CHECKING:
    import keras


class NetworkBase(Spec):
    """A network contender: how windows are cut, how it is trained, how it is built."""

    window: WindowSpec = Field(default=WindowSpec(), description="how sections are cut into windows")
    training: TrainingSpec = Field(default=TrainingSpec(), description="the training loop's parameters")
    mirror: bool = Field(
        default=False,
        description="denoise every window as `flip` turns it too, and average; train with flip > 0 for it",
    )

    loss: Literal["auto", "mse", "huber", "bce"] = Field(
        default="mse",
        description="squared, Huber, binary cross-entropy; auto: the last where outputs lie in [0, 1], else the first",
    )

    @property
    def bounded(self) -> bool:
        """Whether targets and outputs lie in [0, 1]."""
        return False

    @property
    def loss_name(self) -> Literal["mse", "huber", "bce"]:
        """The loss that is trained with: what "auto" stands for."""
        if self.loss == "auto":
            return "bce" if self.bounded else "mse"
        return self.loss

    @model_validator(mode="after")
    def _loss_fits(self) -> Self:
        if self.loss == "bce" and not self.bounded:
            raise ValueError("loss is 'bce' and outputs are not bounded; expected outputs in [0, 1], or another loss")
        return self

    @abstractmethod
    def build(self, features: int) -> keras.Model:
        """The untrained network for windows of `features` channels."""

    @abstractmethod
    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        """The network's input from windows [window, sample, feature]; `affine` is the training data's."""

    @abstractmethod
    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        """The training target of clean windows, in the network's output units."""

    @abstractmethod
    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        """Normalised windows [window, sample, feature] from the network's output: the inverse of `targets`."""

    def affine(self, values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
        """(offset, gain) fitted on training windows: normalised = output * gain + offset."""
        low, high = np.percentile(values[mask], [0.5, 99.5])
        return np.array([low, max(high - low, 1e-6)], dtype=np.float32)

    def features(self, channels: int) -> int:
        """Channels in one window of a section with `channels` channels."""
        return self.window.width or channels

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        from aemodels.models.fit import fit_network

        return fit_network(self, train, validation, context)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        count = sum(name.startswith("weight_") for name in arrays)
        weights = [np.asarray(arrays[f"weight_{place:03d}"]) for place in range(count)]
        return NetworkDenoiser(
            spec=self, weights=tuple(weights), affine=arrays["affine"], channels=int(arrays["channels"][0])
        )


@dataclass(frozen=True, eq=False)
class NetworkDenoiser:
    """A trained network as data: rebuilt from its spec, then given its weights.

    Args:
        spec: the network's spec.
        weights: arrays in the order of keras' `get_weights`.
        affine: float32[2], offset and gain of the training data.
        channels: channels in one window.
    """

    spec: NetworkBase
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

    def part(self, name: str, cut_out: Callable[[keras.Model], keras.Model]) -> dict[str, Any]:
        """A part of the network, cut out on first use: "network" in a dictionary that `predict` keeps its call in."""
        if name not in self._cache:
            self._cache[name] = {"network": cut_out(self.network)}
        part: dict[str, Any] = self._cache[name]
        return part

    def denoise(self, section: Section) -> FloatArray:
        blind = self.spec.training.blind
        return self._denoise(section) if blind is None else blind_estimate(self._denoise, section, blind)

    def _denoise(self, section: Section) -> FloatArray:
        windows = cut(section, self.spec.window)
        outputs = self._run(windows.values, windows.mask)
        if self.spec.mirror:
            axis = self.spec.window.mirror_axis
            mirrored = self._run(np.flip(windows.values, axis), np.flip(windows.mask, axis))
            outputs = np.asarray((outputs + np.flip(mirrored, axis)) / 2, dtype=np.float32)
        return overlap_add(outputs, windows, self.spec.window.blend)

    def predict_others(self, section: Section) -> FloatArray:
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
        from aemodels.models.runtime import predict

        inputs = self.spec.inputs(values, mask, self.affine)
        return self.spec.outputs(predict(self.network, inputs, self._cache), self.affine)

    def arrays(self) -> dict[str, NDArray[Any]]:
        weights = {f"weight_{place:03d}": weight for place, weight in enumerate(self.weights)}
        return {**weights, "affine": self.affine, "channels": np.array([self.channels], dtype=np.int64)}
