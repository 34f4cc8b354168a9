"""Comparison of detectors on injected faults."""
