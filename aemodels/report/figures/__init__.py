"""Matplotlib figures; each function returns a Figure."""
