"""Reviews of flagged intervals: export of what was decided."""
