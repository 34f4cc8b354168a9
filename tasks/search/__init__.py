"""Search for intervals alike."""
