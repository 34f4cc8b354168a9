"""Classical filters along the samples: one file per method, from scipy and PyWavelets."""
