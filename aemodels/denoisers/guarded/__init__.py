"""Guards around any denoiser: spike gate, gap filling, limited change, calibrated intervals."""
