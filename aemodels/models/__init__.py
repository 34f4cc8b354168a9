"""Architectures: one file each, a spec and build(); `fit` holds the only training loop."""

from aemodels.models.dense import Dense
from aemodels.models.pca import Pca, PcaWiener
from aemodels.models.unet import UNet

__all__ = ["Dense", "Pca", "PcaWiener", "UNet"]
