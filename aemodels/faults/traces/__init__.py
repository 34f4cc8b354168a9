"""Faults of seismic traces: one file per kind."""
