"""Faults of well logs: one file per kind."""
