"""Evaluation of denoisers and detectors, and the promotion gate."""
