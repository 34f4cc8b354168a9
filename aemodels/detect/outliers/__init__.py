"""Outlier detectors on a table of features."""
