"""Where a run comes from: the flow run that made it, and how its name reads in a list."""

from __future__ import annotations

from uuid import UUID

from prefect.runtime import flow_run
from prefect.utilities.urls import url_for


def flow_tags() -> dict[str, str]:
    """Tags flow_run_id and flow_run_url of the flow run that this code is in; empty outside of one.

    A server that lives only as long as the run has no page: the url is then the page's path on any server of this home.
    """
    found = flow_run.id
    if not found:
        return {}
    address = url_for("flow-run", obj_id=UUID(found)) or f"runs/flow-run/{found}"
    return {"flow_run_id": str(found), "flow_run_url": address}


def run_name(role: str, name: str) -> str:
    """A child run's name: its role first, so that a list sorted by name is grouped by role.

    >>> run_name("denoiser", "unet")
    'denoiser: unet'
    """
    return f"{role}: {name}"
