"""Tasks that measure drift of what was scored."""
