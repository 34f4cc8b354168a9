"""Metrics and bootstrap intervals."""
