"""The scheduled deployment: server, worker, alerts."""
