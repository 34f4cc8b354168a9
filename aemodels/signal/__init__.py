"""Signal processing on arrays: quality rules, normalisation, windows, splits, gaps and noise estimates."""
