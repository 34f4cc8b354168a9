"""Denoisers: filters, linear models, networks, guards around them, and their registry."""
