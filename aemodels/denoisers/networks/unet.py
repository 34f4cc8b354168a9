"""Residual U-Net without a bottleneck: the default denoiser for logs (1-D) and trace panels (2-D)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.networks.base import NetworkBase
from aemodels.denoisers.training.architecture import Reach
from aemodels.signal.noise_estimate import noise_sigma, noise_sigma_along

if TYPE_CHECKING:
    import keras

    from aemodels.denoisers.convolution_blocks import Convolutions
    from aemodels.denoisers.whole_signal import Pass


class UNet(NetworkBase):
    """Convolutional denoiser that predicts the noise and subtracts it.

    Rank 1 convolves along the samples and combines all curves of a window; rank 2 convolves over samples and
    traces of a panel. Inputs are the values less their training mean, the mask, and the noise level of each channel
    estimated from the samples around, so that one network serves all noise levels. Trained on windows, it denoises
    whole wells and large panels in one pass. The mean of a signal and its mirror image is worth 0.1 dB (docs/lab).

    References:
        Ronneberger, Fischer & Brox (2015), MICCAI (skip connections); Zhang et al. (2017), IEEE TIP 26, 3142
        (residual denoising); Zhang, Zuo & Zhang (2018), IEEE TIP 27, 4608 (noise level as an input);
        He, Zhang, Ren & Sun (2016), CVPR (residual blocks).
    """

    kind: Literal["unet"] = "unet"
    rank: Literal[1, 2] = Field(default=1, description="1: along samples; 2: over samples and traces")
    widths: tuple[int, ...] = Field(default=(32, 48, 64, 80), min_length=2, description="filters per level, top first")
    kernel: int = Field(default=5, ge=3, le=15, description="filter length in samples (and traces), odd")
    block: Literal["plain", "residual"] = Field(
        default="plain", description="two convolutions per level; residual: the level's input is added to their output"
    )

    activation: Literal["gelu", "relu"] = Field(
        default="gelu", description="after each filter; relu takes a quarter less time"
    )

    @model_validator(mode="after")
    def _panel(self) -> UNet:
        if self.rank == 2 and self.window.width == 0:
            raise ValueError("rank 2 needs a panel width: set window.width")
        return self

    def build(self, features: int) -> keras.Model:
        return self._network(features, (self.window.length,) if self.rank == 1 else (self.window.length, features))

    @property
    def reach(self) -> Reach | None:
        """Neighbourhood that the network sees; None along windows of some of the channels."""
        if self.rank == 1 and self.window.width:
            return None
        shape = self._convolutions()
        return Reach(shape.reach, shape.step, traces=self.rank == 2)

    def build_whole(self, features: int) -> keras.Model:
        return self._network(features, (None,) * self.rank)

    def numpy_pass(self, weights: Sequence[NDArray[Any]]) -> Pass | None:
        from aemodels.denoisers.numpy_unet import NumpyUNet

        if self.rank != 1 or self.activation != "gelu":
            return None
        noise = NumpyUNet(weights, len(self.widths), residual=self.block == "residual")
        # values, mask and noise level of every channel in, the noise of every channel out
        return lambda x: x[..., : x.shape[-1] // 3] - noise(x[0])[None]

    def _network(self, features: int, size: tuple[int | None, ...]) -> keras.Model:
        """Build the network from [window, *size, input] to [window, sample, feature]; None = any size."""
        import keras
        from keras import layers

        from aemodels.denoisers.convolution_blocks import unet

        shape = self._convolutions()
        entry = keras.Input((*size, 3 * features if self.rank == 1 else 3), name="windows")
        x = unet(entry, shape, self.block)
        # Zero initial weights make the untrained network the identity.
        noise = shape.filters(features if self.rank == 1 else 1, 1, kernel_initializer="zeros", name="noise")(x)
        values = entry[..., :features] if self.rank == 1 else entry[..., :1]
        clean = layers.Subtract()([values, noise])
        if self.rank == 2 and None not in size:
            clean = layers.Reshape(size)(clean)
        return keras.Model(entry, clean, name="unet")

    def affine(self, values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
        """Fit the offset only; residual learning needs no range."""
        return np.array([values[mask].mean(), 1.0], dtype=np.float32)

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        sigma = np.broadcast_to(noise_sigma(values, mask, axis=1), values.shape)
        parts = [np.where(mask, values - affine[0], 0), mask, sigma]
        joined = [part.astype(np.float32) for part in parts]
        return np.concatenate(joined, axis=-1) if self.rank == 1 else np.stack(joined, axis=-1)

    def whole_inputs(self, section: Section, affine: NDArray[np.float32]) -> FloatArray:
        sigma = noise_sigma_along(section.values, section.mask, self.window.length, self.window.stride)
        parts = [np.where(section.mask, section.values - affine[0], 0), section.mask, sigma]
        joined = np.concatenate(parts) if self.rank == 1 else np.stack(parts)
        return np.ascontiguousarray(joined.T, dtype=np.float32)

    def _convolutions(self) -> Convolutions:
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(self.rank, self.widths, self.kernel, self.activation)

    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(values - affine[0], dtype=np.float32)

    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(raw + affine[0], dtype=np.float32)
