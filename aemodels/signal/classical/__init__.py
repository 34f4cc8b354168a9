"""Classical denoisers: one file a method, from scipy and PyWavelets."""

from aemodels.signal.classical.bandpass import BandPass
from aemodels.signal.classical.co_kriging import CoKriging
from aemodels.signal.classical.fx import FxDeconvolution
from aemodels.signal.classical.gaussian import GaussianFilter
from aemodels.signal.classical.hampel import Hampel
from aemodels.signal.classical.interpolate import Interpolate
from aemodels.signal.classical.median import Median
from aemodels.signal.classical.panel_gaussian import PanelGaussian
from aemodels.signal.classical.panel_median import PanelMedian
from aemodels.signal.classical.panel_wavelet import PanelWavelet
from aemodels.signal.classical.panel_wiener import PanelWiener
from aemodels.signal.classical.ridge import RidgeFir
from aemodels.signal.classical.savgol import SavitzkyGolay
from aemodels.signal.classical.wavelet import Wavelet
from aemodels.signal.classical.wiener import Wiener

__all__ = [
    "BandPass",
    "CoKriging",
    "FxDeconvolution",
    "GaussianFilter",
    "Hampel",
    "Interpolate",
    "Median",
    "PanelGaussian",
    "PanelMedian",
    "PanelWavelet",
    "PanelWiener",
    "RidgeFir",
    "SavitzkyGolay",
    "Wavelet",
    "Wiener",
]
