"""Core values, protocols and errors shared by all packages."""
