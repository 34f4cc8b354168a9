"""References to stored values, folders and the version of the code."""
