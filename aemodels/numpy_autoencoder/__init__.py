"""Autoencoders in plain NumPy, checked against published results."""
