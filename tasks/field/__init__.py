"""Scorecard of an outbox: read its new files, cache their summaries, write page and tables."""
