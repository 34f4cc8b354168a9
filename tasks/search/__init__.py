"""Search for similar intervals."""
