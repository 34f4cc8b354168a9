"""Prefect's API on this machine: with a password, for local clients only."""
