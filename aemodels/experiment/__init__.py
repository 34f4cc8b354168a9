"""Specification of an experiment, and what its fitting gave."""
