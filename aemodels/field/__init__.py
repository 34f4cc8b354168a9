"""Scorecard of a field: the summary of each scored file, and what many of them say together."""
