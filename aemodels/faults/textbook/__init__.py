"""Textbook family of log faults: the plain forms in which a reviewer would draw them."""
