"""Several detectors combined on the scale of p-values."""
