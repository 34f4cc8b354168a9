"""Detectors for bad seismic traces."""
