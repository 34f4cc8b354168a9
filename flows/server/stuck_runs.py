"""Runs whose worker is gone: claimed and never started, or cut off when worker and server were stopped.

Such a run keeps its place: one of a deployment at a time, so every later one would be cancelled, until Prefect misses
its heartbeats, or for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

from flows.server.deployments import POOL

PENDING_SECONDS = 180.0  # the start of a run takes half a minute on a busy machine
_PATIENCE = 10.0


def release_stuck_runs(api: str, login: str, seconds: float = PENDING_SECONDS) -> list[str]:
    """Mark runs as crashed that have been pending for longer than a time, so that others can run.

    Args:
        api: address of Prefect's API.
        login: `user:password`.
        seconds: that time in s.

    Returns:
        Names of the runs; empty if the server does not answer now.
    """
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    pending = {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}}
    message = f"claimed by a worker and not started within {seconds:.0f} s: marked as crashed"
    return _release(api, login, pending, message, before)


def release_former_runs(api: str, login: str) -> list[str]:
    """Mark the runs of a worker that is gone as crashed; called while the only worker of the pool is not started yet.

    Args:
        api: address of Prefect's API.
        login: `user:password`.

    Returns:
        Names of the runs; empty if the server does not answer now.
    """
    unfinished = {
        "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}},
        "work_pools": {"name": {"any_": [POOL]}},
    }
    message = "its worker was stopped while it ran: marked as crashed"
    return _release(api, login, unfinished, message, datetime.max.replace(tzinfo=UTC))


def _release(api: str, login: str, wanted: Mapping[str, object], message: str, before: datetime) -> list[str]:
    """Mark the wanted runs as crashed whose states are from before a time; return their names."""
    user, _, password = login.partition(":")
    crashed = {"state": {"type": "CRASHED", "name": "Crashed", "message": message}, "force": True}
    released: list[str] = []
    try:
        with httpx.Client(base_url=api, auth=(user, password), timeout=_PATIENCE) as client:
            for run in client.post("/flow_runs/filter", json=wanted).raise_for_status().json():
                if datetime.fromisoformat(run["state"]["timestamp"].replace("Z", "+00:00")) < before:
                    client.post(f"/flow_runs/{run['id']}/set_state", json=crashed).raise_for_status()
                    released.append(run["name"])
    except httpx.HTTPError:
        return released  # asked again later
    return released
