"""Scheduled deployments: server, worker, alerts."""
