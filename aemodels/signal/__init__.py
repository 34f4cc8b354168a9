"""Signal processing on arrays: quality, normalisation, windows, splits and classical denoisers."""
