"""Convolutional autoencoder along the samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aemodels.denoisers.networks.convolutional_base import ConvolutionalBase
from aemodels.signal.windows import WindowSpec


class Conv1d(ConvolutionalBase):
    """Convolutional autoencoder of all curves together: convolution, batch normalisation, pooling; code; and back.

    Any window length will do: zeros are put behind it up to what the pooling needs, and taken off at the end.
    """

    kind: Literal["conv1d"] = "conv1d"
    window: WindowSpec = Field(default=WindowSpec(length=64, stride=16, blend="hann"), description="how it is cut")
