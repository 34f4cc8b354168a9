"""Residuals of one curve against its prediction from the others."""
