"""Large lines on a cluster: one file is scored by many workers."""
