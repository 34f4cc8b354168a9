"""Architectures: one file each, a spec and build(); `fit` holds the only training loop."""

from aemodels.models.deep import Deep
from aemodels.models.dense import Dense
from aemodels.models.masked import Masked
from aemodels.models.pca import Pca, PcaWiener
from aemodels.models.sparse import Sparse
from aemodels.models.unet import UNet

__all__ = ["Deep", "Dense", "Masked", "Pca", "PcaWiener", "Sparse", "UNet"]
