"""Convolutional autoencoder along the samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aemodels.denoisers.networks.convolutional_base import ConvolutionalBase
from aemodels.signal.windows import WindowSpec


class Conv1d(ConvolutionalBase):
    """Convolutional autoencoder of all curves together, with batch normalisation and pooling per level.

    Any window length is allowed: windows are zero-padded to what the pooling needs and cropped at the end.
    """

    kind: Literal["conv1d"] = "conv1d"
    window: WindowSpec = Field(
        default=WindowSpec(length=64, stride=16, blend="hann"), description="windows that sections are cut into"
    )
