"""Straight-line Prefect flows and the command line."""
