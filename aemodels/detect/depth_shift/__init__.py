"""Detectors for curves that are off depth."""
