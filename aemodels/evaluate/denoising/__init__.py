"""Comparison of denoisers on hold-out recordings."""
