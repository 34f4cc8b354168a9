"""Scoring of a large line by ranges of traces, each of which is a file until the last step assembles them."""
