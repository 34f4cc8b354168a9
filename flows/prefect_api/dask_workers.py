"""Preload module of Dask workers: `dask worker --preload flows.prefect_api.dask_workers`.

Workers that a flow starts have it anyway; others keep a scoring process a little longer without it.
"""

from __future__ import annotations

from tasks.scoring.worker_session import close_kept_sessions


def dask_teardown(worker: object) -> None:
    """End the scoring processes of this worker and its registration in the ledger; Dask calls this at its end."""
    close_kept_sessions()
