"""Metrics of an installation in Prometheus' text format."""
