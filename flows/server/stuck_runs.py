"""Runs that a worker has claimed and never started: it or the server was stopped in between.

Such a run keeps its place: one of a deployment at a time, so every later one would be cancelled, for ever.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

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
    user, _, password = login.partition(":")
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    message = f"claimed by a worker and not started within {seconds:.0f} s: marked as crashed"
    crashed = {"state": {"type": "CRASHED", "name": "Crashed", "message": message}, "force": True}
    released: list[str] = []
    try:
        with httpx.Client(base_url=api, auth=(user, password), timeout=_PATIENCE) as client:
            pending = {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}}
            for run in client.post("/flow_runs/filter", json=pending).raise_for_status().json():
                if datetime.fromisoformat(run["state"]["timestamp"].replace("Z", "+00:00")) < before:
                    client.post(f"/flow_runs/{run['id']}/set_state", json=crashed).raise_for_status()
                    released.append(run["name"])
    except httpx.HTTPError:
        return released  # asked again later
    return released
