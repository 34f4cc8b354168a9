"""Prefect tasks: load a reference, call one pure function, save a reference."""
