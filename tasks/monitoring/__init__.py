"""Tasks that measure drift of scored data."""
