"""Classical filters along the samples, based on scipy and PyWavelets: one file per method."""
