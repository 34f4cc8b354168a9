"""Backup of an installation, and its restoration in an empty home."""
