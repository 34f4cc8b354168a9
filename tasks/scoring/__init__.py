"""Tasks that score arriving files, each content once."""
