"""Metrics, and bootstrap intervals over wells or line sections."""
