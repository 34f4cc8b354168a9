"""Examination of an installation: what is wrong with it or the machine, and the remedy."""
