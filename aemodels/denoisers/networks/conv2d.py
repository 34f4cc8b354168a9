"""Convolutional autoencoder of trace panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.convolutional_base import ConvolutionalBase
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    from aemodels.denoisers.convolution_blocks import Convolutions


class Conv2d(ConvolutionalBase):
    """Convolutional autoencoder over samples and traces, with batch normalisation and pooling per level."""

    kind: Literal["conv2d"] = "conv2d"
    kernel: int = Field(default=3, ge=1, le=15, description="filter length in samples and traces, odd")
    latent: int = Field(default=128, ge=1, le=4096, description="latent size: units of the embedding")
    window: WindowSpec = Field(
        default=WindowSpec(length=32, stride=16, width=16, width_stride=8, blend="hann"),
        description="panels of 32 samples and 16 traces",
    )

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.stack([self.filled(values, mask, affine), mask.astype(np.float32)], axis=-1)

    def _convolutions(self) -> Convolutions:
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(2, self.widths, self.kernel)

    def _entry(self, features: int) -> tuple[int, ...]:
        return (self.window.length, features, 2)

    def _size(self, features: int) -> tuple[Sequence[int], int]:
        return (self.window.length, features), 1
