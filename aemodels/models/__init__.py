"""Architectures: one file each, a spec and build(); `fit` holds the only training loop."""

from aemodels.models.conv1d import Conv1d
from aemodels.models.conv2d import Conv2d
from aemodels.models.deep import Deep
from aemodels.models.dense import Dense
from aemodels.models.lstm import Lstm
from aemodels.models.masked import Masked
from aemodels.models.pca import Pca, PcaWiener
from aemodels.models.sparse import Sparse
from aemodels.models.unet import UNet
from aemodels.models.vae import Vae
from aemodels.models.vae_conv import VaeConv

__all__ = [
    "Conv1d",
    "Conv2d",
    "Deep",
    "Dense",
    "Lstm",
    "Masked",
    "Pca",
    "PcaWiener",
    "Sparse",
    "UNet",
    "Vae",
    "VaeConv",
]
