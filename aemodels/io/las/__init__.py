"""LAS files: reader, writer, flagged copies."""
