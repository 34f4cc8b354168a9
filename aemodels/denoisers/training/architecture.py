"""The part of a network's specification that training needs: how windows become inputs and targets."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras


class Architecture(Spec):
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
