"""Where a run comes from: the flow run that made it, and how its name reads in a list."""

from __future__ import annotations

from prefect.runtime import flow_run


def flow_tags() -> dict[str, str]:
    """Tags flow_run_id and flow_run_url of the flow run that this code is in; empty outside of one."""
    found = flow_run.id
    if not found:
        return {}
    address = flow_run.ui_url or f"runs/flow-run/{found}"
    return {"flow_run_id": str(found), "flow_run_url": str(address)}


def run_name(role: str, name: str) -> str:
    """A child run's name: its role first, so that a list sorted by name is grouped by role.

    >>> run_name("denoiser", "unet")
    'denoiser: unet'
    """
    return f"{role}: {name}"
