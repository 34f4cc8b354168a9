"""Networks trained on injected faults."""
