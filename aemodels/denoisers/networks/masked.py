"""Masked autoencoder: reconstructs missing curves and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.networks.base import NetworkBase
from aemodels.denoisers.training.architecture import Reach
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.noise import Dropout
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras

    from aemodels.denoisers.convolution_blocks import Convolutions


class Masked(NetworkBase):
    """Network that reconstructs hidden curves from the others, and hidden intervals from their surroundings.

    Inputs are the values (zero if missing) and the mask; the output is every sample of every curve. The network learns
    this from the dropout in its training noise. `NetworkDenoiser.predict_from_others` predicts each curve from the
    others.

    References:
        He, Chen, Xie, Li, Dollar & Girshick (2022), CVPR (masked autoencoders);
        Ronneberger, Fischer & Brox (2015), MICCAI (the convolutional body).
    """

    kind: Literal["masked"] = "masked"
    widths: tuple[int, ...] = Field(default=(32, 48, 64, 80), min_length=1, description="filters per level, top first")
    kernel: int = Field(default=5, ge=3, le=15, description="filter length in samples, odd")
    window: WindowSpec = Field(
        default=WindowSpec(length=128, stride=32, blend="hann"), description="all curves together"
    )
    training: TrainingSpec = Field(
        default=TrainingSpec(epochs=40, batch=64, noise=(Dropout(share=0.3, length=60, channels=0.35),)),
        description="a third of the curves and of the samples are hidden, at random in each epoch",
    )

    def build(self, features: int) -> keras.Model:
        return self._network(features, self.window.length)

    def build_whole(self, features: int) -> keras.Model:
        return self._network(features, None)

    @property
    def reach(self) -> Reach | None:
        """Neighbourhood that the network sees; None along windows of some of the channels."""
        shape = self._convolutions()
        return None if self.window.width else Reach(shape.reach, shape.step, traces=False)

    def whole_inputs(self, section: Section, affine: NDArray[np.float32]) -> FloatArray:
        return self.inputs(section.values.T, section.mask.T, affine)

    def _convolutions(self) -> Convolutions:
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(1, self.widths, self.kernel)

    def _network(self, features: int, length: int | None) -> keras.Model:
        """Build the network from [window, sample, 2 * feature] to [window, sample, feature]; None = any length."""
        import keras

        from aemodels.denoisers.convolution_blocks import unet

        shape = self._convolutions()
        entry = keras.Input((length, 2 * features), name="windows")
        values = shape.filters(features, 1, name="values")(unet(entry, shape))
        return keras.Model(entry, values, name="masked")

    def affine(self, values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
        return np.array([values[mask].mean(), max(float(values[mask].std()), 1e-6)], dtype=np.float32)

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        known = np.where(mask, self.targets(values, affine), 0)
        return np.concatenate([known, mask], axis=-1).astype(np.float32)

    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray((values - affine[0]) / affine[1], dtype=np.float32)

    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(raw * affine[1] + affine[0], dtype=np.float32)
