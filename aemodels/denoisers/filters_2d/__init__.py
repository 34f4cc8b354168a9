"""Classical filters over panels of traces: one file per method."""
