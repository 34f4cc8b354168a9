"""Parquet tables of well logs."""
