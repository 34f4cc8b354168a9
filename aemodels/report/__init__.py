"""Figures, reports and model cards."""
