"""Preload module of the Dask workers that a flow starts: their temporary Prefect servers are ours, too."""

from __future__ import annotations

from flows.prefect_api.temporary import protect_temporary_servers


def dask_setup(worker: object) -> None:
    """Protect the servers that Prefect starts in this worker; Dask calls this before any task."""
    protect_temporary_servers()
