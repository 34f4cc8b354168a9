"""Reconstruction error of denoisers as a score."""
