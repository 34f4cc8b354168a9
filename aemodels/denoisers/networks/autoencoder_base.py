"""Base class of the autoencoders: scaling, gaps and output range."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.base import NetworkBase
from aemodels.signal.gaps import fill_windows


class AutoencoderBase(NetworkBase):
    """An autoencoder: windows are encoded as a latent vector (embedding) and reconstructed from it.

    The network consists of the layers "encoder" and "decoder", which can be run separately and share its weights.
    Missing samples are interpolated within their window before encoding, so that masked values have no influence; a
    channel without observed samples takes the middle of its range.
    """

    latent: int = Field(default=10, ge=1, le=4096, description="latent size: units of the embedding")
    output: Literal["linear", "sigmoid"] = Field(
        default="linear",
        description="sigmoid: values scaled to [0, 1] and clipped; linear: scaled to zero mean and unit variance",
    )

    @property
    def bounded(self) -> bool:
        return self.output == "sigmoid"

    def affine(self, values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
        if self.bounded:
            return super().affine(values, mask)
        return np.array([values[mask].mean(), max(float(values[mask].std()), 1e-6)], dtype=np.float32)

    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        scaled = (values - affine[0]) / affine[1]
        return np.asarray(np.clip(scaled, 0, 1) if self.bounded else scaled, dtype=np.float32)

    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(raw * affine[1] + affine[0], dtype=np.float32)

    def filled(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        """Return windows in the network's units, missing samples interpolated: float32[window, sample, feature]."""
        middle = affine[0] + affine[1] / 2 if self.bounded else affine[0]
        return self.targets(fill_windows(values, mask, float(middle)), affine)

    def with_mask(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        """Return `filled` windows with the mask concatenated on the last axis: [window, sample, 2 * feature]."""
        return np.concatenate([self.filled(values, mask, affine), mask.astype(np.float32)], axis=-1)
