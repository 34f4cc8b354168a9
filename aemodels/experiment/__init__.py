"""Specification of an experiment, and the results of fitting it."""
