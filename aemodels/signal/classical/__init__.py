"""Classical denoisers: one file a method, from scipy and PyWavelets."""

from aemodels.signal.classical.gaussian import GaussianFilter
from aemodels.signal.classical.median import Median
from aemodels.signal.classical.savgol import SavitzkyGolay
from aemodels.signal.classical.wavelet import Wavelet

__all__ = ["GaussianFilter", "Median", "SavitzkyGolay", "Wavelet"]
