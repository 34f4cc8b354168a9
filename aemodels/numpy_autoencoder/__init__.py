"""Autoencoders in plain NumPy with published reference results."""
