"""Network specification as far as training needs it: windows, inputs and targets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras

    from aemodels.denoisers.whole_signal import Pass


@dataclass(frozen=True)
class Reach:
    """The neighbourhood that a fully convolutional network sees.

    Args:
        positions: samples (and traces) on either side of one that its output depends on, a multiple of `step`.
        step: samples (and traces) of its coarsest level: it takes sizes that are multiples of it.
        traces: True if it convolves over traces as well.
    """

    positions: int
    step: int
    traces: bool


class Architecture(Spec):
    """Specification of a network: its windows, training and layers."""

    window: WindowSpec = Field(default=WindowSpec(), description="windows that sections are cut into")
    training: TrainingSpec = Field(default=TrainingSpec(), description="parameters of the training loop")
    mirror: bool = Field(
        default=False,
        description="average the estimates of the signal and of its mirror image; train with flip > 0",
    )

    loss: Literal["auto", "mse", "huber", "bce"] = Field(
        default="mse",
        description="mean squared error, Huber or binary cross-entropy; auto = bce if outputs lie in [0, 1], else mse",
    )

    @property
    def bounded(self) -> bool:
        """True if targets and outputs lie in [0, 1]."""
        return False

    @property
    def loss_name(self) -> Literal["mse", "huber", "bce"]:
        """Loss used in training, with "auto" resolved."""
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
        """Build the untrained network for windows of `features` channels."""

    @property
    def reach(self) -> Reach | None:
        """Neighbourhood that the network sees if it takes signals of any size; None if it works on windows alone."""
        return None

    def build_whole(self, features: int) -> keras.Model:
        """Build the network for signals of any size, [1, *size, input] to [1, *size, output], with the same weights.

        Args:
            features: as for `build`.

        Raises:
            SpecError: if the network works on windows alone.
        """
        raise SpecError(f"{type(self).__name__} works on windows of {self.window.length} samples alone")

    def numpy_pass(self, weights: Sequence[NDArray[Any]]) -> Pass | None:
        """Return the network of `build_whole` in NumPy, which starts at once; None if there is only the one of Keras.

        Args:
            weights: arrays in the order of Keras' `get_weights`.
        """
        return None

    def whole_inputs(self, section: Section, affine: NDArray[np.float32]) -> FloatArray:
        """Return the input of `build_whole` for a section: float32[sample, input] or [sample, trace, input].

        Raises:
            SpecError: if the network works on windows alone.
        """
        raise SpecError(f"{type(self).__name__} works on windows of {self.window.length} samples alone")

    @abstractmethod
    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        """Return the network's input for windows [window, sample, feature]; `affine` comes from the training data."""

    @abstractmethod
    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        """Return the training target of clean windows in the network's output units."""

    @abstractmethod
    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        """Return normalised windows [window, sample, feature] from the network's output: the inverse of `targets`."""

    def affine(self, values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
        """Fit (offset, gain) on training windows: normalised = output * gain + offset."""
        low, high = np.percentile(values[mask], [0.5, 99.5])
        return np.array([low, max(high - low, 1e-6)], dtype=np.float32)

    def features(self, channels: int) -> int:
        """Return the number of channels per window of a section with `channels` channels."""
        return self.window.width or channels
