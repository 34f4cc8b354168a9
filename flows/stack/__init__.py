"""Whole deployment on this machine: PostgreSQL, MLflow, Prefect, worker, metrics."""
